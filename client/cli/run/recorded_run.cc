#include "client/cli/run/recorded_run.h"

#include <string.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace semel::cli {
namespace {

using Facts = std::map<std::string, std::string>;

constexpr size_t kMaxDetails = 16384;  // of a failure
constexpr std::string_view kExited = "COMMAND_FAILED";
constexpr std::string_view kSignalled = "COMMAND_KILLED";

void Describe(const std::string& stream, const KeptOutput& output, Facts& facts) {
  facts[stream + "_size"] = std::to_string(output.size);
  facts[stream + "_head"] = std::to_string(output.head.size());
  facts[stream + "_tail"] = std::to_string(output.tail.size());
}

Facts FactsOf(const RecordedRun& run) {
  Facts facts{{"exit_code", std::to_string(run.end.code())}, {"owner", run.owner}, {"ended", run.ended}};
  if (run.end.signal != 0) facts["signal"] = std::to_string(run.end.signal);
  Describe("stdout", run.out, facts);
  Describe("stderr", run.err, facts);
  return facts;
}

std::string BytesOf(const RecordedRun& run) { return run.out.head + run.out.tail + run.err.head + run.err.tail; }

std::string TextOf(const Facts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

std::optional<size_t> NumberOf(const Facts& facts, const std::string& name) {
  const std::string text = TextOf(facts, name);
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view Take(std::string_view& bytes, size_t count) {
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(taken.size());
  return taken;
}

std::optional<KeptOutput> TakeOutput(const std::string& stream, const Facts& facts, std::string_view& bytes) {
  const std::optional<size_t> size = NumberOf(facts, stream + "_size");
  const std::optional<size_t> head = NumberOf(facts, stream + "_head");
  const std::optional<size_t> tail = NumberOf(facts, stream + "_tail");
  if (!size || !head || !tail || *head > bytes.size() || *tail > bytes.size() - *head) return std::nullopt;
  KeptOutput output{.size = *size};
  output.head = Take(bytes, *head);
  output.tail = Take(bytes, *tail);
  return output.kept() <= output.size ? std::optional(output) : std::nullopt;
}

std::optional<RecordedRun> Decode(const Facts& facts, std::string_view bytes, bool omitted) {
  const std::optional<size_t> code = NumberOf(facts, "exit_code");
  const size_t signal = NumberOf(facts, "signal").value_or(0);
  if (!code || *code > 255 || signal > 127) return std::nullopt;
  RecordedRun run{.end = {.exit_code = static_cast<int>(*code), .signal = static_cast<int>(signal)},
                  .owner = TextOf(facts, "owner"),
                  .ended = TextOf(facts, "ended"),
                  .output_omitted = omitted};
  if (omitted) return run;
  std::optional<KeptOutput> out = TakeOutput("stdout", facts, bytes);
  std::optional<KeptOutput> err = TakeOutput("stderr", facts, bytes);
  if (!out || !err || !bytes.empty()) return std::nullopt;
  run.out = *std::move(out);
  run.err = *std::move(err);
  return run;
}

// stderr says why it failed: it goes first, but leaves stdout a quarter.
void Shrink(RecordedRun& run, size_t bound) {
  const size_t for_out = std::min(run.out.kept(), bound / 4);
  run.err = Shrunk(run.err, bound - for_out);
  run.out = Shrunk(run.out, bound - run.err.kept());
}

std::string LineOf(const RecordedRun& run) {
  return nlohmann::json(FactsOf(run)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string CommandEnd::Name() const {
  if (!known) return "nobody knows how";
  if (signal == 0) return "exit code " + std::to_string(exit_code);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

Result ToResult(const RecordedRun& run) {
  return {.payload = BytesOf(run), .content_type = kRunContentType, .attributes = FactsOf(run)};
}

Failure ToFailure(const RecordedRun& run, bool retryable, Duration retry_after) {
  RecordedRun shrunk = run;
  // Shrinking never makes the line longer by more than the two tails' digits.
  Shrink(shrunk, kMaxDetails - LineOf(run).size() - 16);
  return {.reason = std::string(run.end.signal != 0 ? kSignalled : kExited),
          .message = run.end.Name(),
          .details = LineOf(shrunk) + BytesOf(shrunk),
          .retryable = retryable,
          .retry_after = retry_after};
}

std::optional<RecordedRun> ToRecordedRun(const Result& result) {
  if (result.content_type != kRunContentType) return std::nullopt;
  return Decode(result.attributes, result.payload, result.omitted);
}

std::optional<RecordedRun> ToRecordedRun(const Failure& failure) {
  if (failure.reason != kExited && failure.reason != kSignalled) return std::nullopt;
  const size_t end = failure.details.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const auto line = nlohmann::json::parse(failure.details.substr(0, end), nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return std::nullopt;
  Facts facts;
  for (const auto& [name, value] : line.items()) {
    if (value.is_string()) facts[name] = value.get<std::string>();
  }
  return Decode(facts, std::string_view(failure.details).substr(end + 1), false);
}

}  // namespace semel::cli
