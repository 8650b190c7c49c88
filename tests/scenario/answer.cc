#include "tests/scenario/answer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace semel::scenario {
namespace {

constexpr size_t kLongText = 64;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string TextInQuotes(const std::string& text) {
  bool repeated = std::all_of(text.begin(), text.end(), [](char c) { return c == 'x'; });
  if (text.size() > kLongText && repeated) return absl::StrCat("bytes(", text.size(), ")");
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

std::string FactToText(const Fact& fact, const Names& names) {
  return std::visit(Overloaded{
                        [](const Nothing&) { return std::string("none"); },
                        [](const std::string& text) {
                          bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
                            return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-' || c == ',';
                          });
                          return plain && text.size() <= kLongText ? text : TextInQuotes(text);
                        },
                        [&](const Token& token) {
                          for (const auto& [name, value] : names.tokens) {
                            if (value == token.value) return name;
                          }
                          return absl::StrCat(token.value);
                        },
                        [&](const PageToken& page) {
                          for (const auto& [name, value] : names.pages) {
                            if (value == page.value) return name;
                          }
                          return std::string("(a page without a name)");
                        },
                        [](const Duration& duration) { return ToText(duration); },
                        [&](const Time& time) {
                          if (names.instants.empty()) return absl::StrCat("@", storage::Micros(time));
                          const auto& [name, instant] = *names.instants.begin();
                          return absl::StrCat(name, time < instant ? "" : "+", ToText(time - instant));
                        },
                    },
                    fact);
}

bool IsNone(const Value& value) { return !value.quoted && value.text == "none"; }

// NAME or NAME>OTHER.
bool Matches(const Value& expected, const Token& got, Names& names) {
  std::string name = expected.text.substr(0, expected.text.find('>'));
  if (name.size() < expected.text.size()) {
    auto other = names.tokens.find(expected.text.substr(name.size() + 1));
    if (other == names.tokens.end() || got.value <= other->second) return false;
  }
  return names.tokens.emplace(name, got.value).first->second == got.value;
}

bool Matches(const Value& expected, const PageToken& got, Names& names) {
  return names.pages.emplace(expected.text, got.value).first->second == got.value;
}

// NAME, NAME+1h or NAME-1h.
bool Matches(const Value& expected, Time got, Names& names) {
  std::string name = expected.text.substr(0, expected.text.find_first_of("+-"));
  Duration offset{};
  if (name.size() < expected.text.size()) {
    std::optional<Duration> parsed = ParseDuration(expected.text.substr(name.size()));
    if (!parsed || !names.instants.contains(name)) return false;
    offset = *parsed;
  }
  return names.instants.emplace(name, got).first->second + offset == got;
}

bool Matches(const Value& expected, const Fact& got, Names& names) {
  // Of a state, none is a name too: previous=none.
  if (IsNone(expected)) return std::holds_alternative<Nothing>(got) || got == Fact(expected.text);
  return std::visit(
      Overloaded{
          // Where there is nothing, "" is as good a name for it as none.
          [&](const Nothing&) { return expected.quoted && expected.text.empty(); },
          [&](const std::string& text) { return text == expected.text; },
          [&](const Token& token) { return Matches(expected, token, names); },
          [&](const PageToken& page) { return Matches(expected, page, names); },
          [&](const Duration& duration) { return ParseDuration(expected.text) == std::optional<Duration>(duration); },
          [&](const Time& time) { return Matches(expected, time, names); },
      },
      got);
}

const Fact* Find(const Answer& answer, const std::string& name) {
  static const Fact* const nothing = new Fact(Nothing{});
  for (const auto& [fact_name, fact] : answer.facts) {
    if (fact_name == name) return &fact;
  }
  bool open_ended = absl::StartsWith(name, "attribute.") || absl::StartsWith(name, "meta.");
  return open_ended ? nothing : nullptr;
}

}  // namespace

std::optional<std::string> Mismatch(const Expectation& expected, const Answer& got, Names& names) {
  if (expected.kind != got.kind || (got.kind == "error" && expected.word != got.word)) return "another answer";
  for (const Field& field : expected.fields) {
    const Fact* fact = Find(got, field.name);
    if (fact == nullptr) return absl::StrCat("'", got.kind, "' has nothing called ", field.name);
    if (!Matches(field.value, *fact, names)) return absl::StrCat(field.name, " differs");
  }
  return std::nullopt;
}

std::string ToText(const Expectation& expectation) {
  std::string text = absl::StrCat(expectation.kind, expectation.word.empty() ? "" : " ", expectation.word);
  for (const auto& [name, value] : expectation.fields) {
    absl::StrAppend(&text, " ", name, "=", value.quoted ? TextInQuotes(value.text) : value.text);
  }
  return text;
}

std::string ToText(const Answer& answer, const Names& names) {
  std::string text = absl::StrCat(answer.kind, answer.word.empty() ? "" : " ", answer.word);
  for (const auto& [name, fact] : answer.facts) {
    if (std::holds_alternative<Nothing>(fact)) continue;
    absl::StrAppend(&text, " ", name, "=", FactToText(fact, names));
  }
  return text;
}

}  // namespace semel::scenario
