// Reads transcripts line by line: the grammar of client/scenarios/README.md.

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/words.h"

namespace semel::scenario {
namespace {

constexpr std::array<absl::string_view, 9> kVerbs = {"begin",      "complete", "lookup", "renew", "release",
                                                     "checkpoint", "resolve",  "delete", "list"};

bool IsVerb(absl::string_view word) { return std::find(kVerbs.begin(), kVerbs.end(), word) != kVerbs.end(); }

class Parser {
 public:
  explicit Parser(std::string file) { scenario_.file = std::move(file); }

  absl::StatusOr<Scenario> Read(absl::string_view text) {
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++line_;
      absl::Status status = ReadLine(line);
      if (!status.ok())
        return absl::InvalidArgumentError(absl::StrCat(scenario_.file, ":", line_, ": ", status.message()));
    }
    return std::move(scenario_);
  }

 private:
  absl::Status ReadLine(absl::string_view line) {
    size_t indent = std::min(line.find_first_not_of(' '), line.size());
    absl::StatusOr<Words> words = SplitWords(line);
    if (!words.ok()) return words.status();
    if (words->empty()) return absl::OkStatus();
    if (indent > 0 && Word(*words, 0) == "->") return ReadAnswer(*words, indent);
    if (indent > 0 && Word(*words, 0) == "-") return ReadItem(*words);
    if (indent > 0) return Wrong("'-> answer' or '- item' on an indented line");
    if (Word(*words, 0) == "namespace" || Word(*words, 0) == "server:") return ReadSetting(*words);
    return ReadStep(*words);
  }

  absl::Status ReadSetting(const Words& words) {
    if (!scenario_.steps.empty()) return Wrong("settings before the first step");
    if (Word(words, 0) == "server:") return FieldsFrom(words, 1, scenario_.server);
    std::string name = words.size() < 2 ? "" : words[1].value.text;
    if (!name.ends_with(":")) return Wrong("'namespace NAME: ...'");
    name.pop_back();
    scenario_.namespaces.emplace_back(name, Fields{});
    return FieldsFrom(words, 2, scenario_.namespaces.back().second);
  }

  absl::Status ReadStep(const Words& words) {
    std::string first = Word(words, 0), second = Word(words, 1);
    if (first == "elapse" && words.size() == 2) return ReadElapse(second);
    if (first == "wall" && second == "clock" && words.size() == 3) {
      std::optional<Duration> by = ParseDuration(Word(words, 2));
      if (!by) return Wrong("'wall clock +1h' or 'wall clock -1h'");
      return Add(StepWallClock{*by});
    }
    if (second == "server" && words.size() == 2) return ReadOnServer(first);
    if (first == "cancel" && words.size() == 2) return Add(Cancel{line_, second});
    if (first == "waiting" && words.size() == 2) {
      Waiting waiting{line_};
      if (!absl::SimpleAtoi(second, &waiting.count)) return Wrong("'waiting NUMBER'");
      return Add(waiting);
    }
    if (second == "->") {
      Later later{.who = first == "someone" ? "" : first};
      if (absl::Status status = ReadExpectation(words, 2, later.answer); !status.ok()) return status;
      return Add(later);
    }
    if (first.ends_with(":")) return ReadCall(words, first.substr(0, first.size() - 1));
    return Wrong(
        "a step: 'who: call key ...', 'who -> answer', elapse, waiting, cancel, wall clock, or what becomes of the "
        "server");
  }

  absl::Status ReadElapse(const std::string& text) {
    std::optional<Duration> by = ParseDuration(text);
    if (!by || *by < Duration(0)) return Wrong("a duration, like 31s or 1h30m");
    return Add(Elapse{*by});
  }

  absl::Status ReadOnServer(const std::string& act) {
    if (act == "stop") return Add(OnServer{ServerAct::kStop});
    if (act == "kill") return Add(OnServer{ServerAct::kKill});
    if (act == "start") return Add(OnServer{ServerAct::kStart});
    if (act == "drain") return Add(OnServer{ServerAct::kDrain});
    if (act != "restart") return Wrong("stop, kill, start, restart or drain before 'server'");
    scenario_.steps.push_back(OnServer{ServerAct::kStop});
    return Add(OnServer{ServerAct::kStart});
  }

  absl::Status ReadCall(Words words, std::string who) {
    Call call{.line = line_, .who = std::move(who)};
    size_t next = 1;
    call.batch = Word(words, next) == "batch";
    if (call.batch) ++next;
    call.verb = Word(words, next++);
    if (!IsVerb(call.verb))
      return Wrong("begin, complete, lookup, renew, release, checkpoint, resolve, delete or list");
    if (Word(words, words.size() - 1) == "&" && !words.back().value.quoted) {
      call.waits = true;
      words.pop_back();
    }
    if (!call.batch && call.verb != "list") {
      if (next >= words.size() || !words[next].name.empty()) return Wrong("a key");
      call.key = words[next++].value.text;
    }
    if (absl::Status status = FieldsFrom(words, next, call.fields); !status.ok()) return status;
    return Add(std::move(call));
  }

  // "- key ..." below a batch; key{1..N} stands for N items.
  absl::Status ReadItem(const Words& words) {
    Call* call = LastCall();
    if (call == nullptr || !call->batch || words.size() < 2) return Wrong("a batch above, and '- key ...'");
    Item item{.line = line_};
    if (absl::Status status = FieldsFrom(words, 2, item.fields); !status.ok()) return status;
    const std::string& key = words[1].value.text;
    size_t open = key.find("{1..");
    int count = 0;
    if (words[1].value.quoted || open == std::string::npos || !key.ends_with("}") ||
        !absl::SimpleAtoi(key.substr(open + 4, key.size() - open - 5), &count)) {
      item.key = key;
      call->items.push_back(item);
      return absl::OkStatus();
    }
    for (int i = 1; i <= count; ++i) {
      item.key = absl::StrCat(key.substr(0, open), i);
      call->items.push_back(item);
    }
    return absl::OkStatus();
  }

  // An answer belongs to the item above it when it stands further in than the item's dash, else to the call.
  absl::Status ReadAnswer(const Words& words, size_t indent) {
    Call* call = LastCall();
    if (call == nullptr) return Wrong("a call above its answer");
    Expectation answer;
    if (absl::Status status = ReadExpectation(words, 1, answer); !status.ok()) return status;
    if (call->items.empty() || indent < 4) {
      if (call->answer || call->lost) return Wrong("one answer for a call");
      call->lost = answer.kind == "lost";
      if (!call->lost) call->answer = answer;
      return absl::OkStatus();
    }
    int item_line = call->items.back().line;
    for (Item& item : call->items) {
      if (item.line == item_line) item.answer = answer;
    }
    return absl::OkStatus();
  }

  absl::Status ReadExpectation(const Words& words, size_t from, Expectation& answer) {
    answer.line = line_;
    answer.kind = Word(words, from++);
    if (answer.kind.empty()) return Wrong("an answer after '->'");
    if (answer.kind == "error") answer.word = Word(words, from++);
    return FieldsFrom(words, from, answer.fields);
  }

  absl::Status FieldsFrom(const Words& words, size_t from, Fields& fields) {
    for (size_t i = from; i < words.size(); ++i) {
      if (words[i].name.empty()) return Wrong(absl::StrCat("name=value instead of '", words[i].value.text, "'"));
      fields.push_back(words[i]);
    }
    return absl::OkStatus();
  }

  // The i-th word, where it is one of its own.
  static std::string Word(const Words& words, size_t i) {
    return i < words.size() && words[i].name.empty() ? words[i].value.text : "";
  }

  Call* LastCall() { return scenario_.steps.empty() ? nullptr : std::get_if<Call>(&scenario_.steps.back()); }

  absl::Status Add(Step step) {
    scenario_.steps.push_back(std::move(step));
    return absl::OkStatus();
  }

  static absl::Status Wrong(absl::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat("expected ", expected));
  }

  Scenario scenario_;
  int line_ = 0;
};

}  // namespace

absl::StatusOr<Scenario> Parse(std::string file, absl::string_view text) { return Parser(std::move(file)).Read(text); }

}  // namespace semel::scenario
