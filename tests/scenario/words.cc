#include "tests/scenario/words.h"

#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace semel::scenario {
namespace {

struct Unit {
  absl::string_view name;
  int64_t micros;
};
// Largest first; "ms" and "us" before their last letter would match another unit.
constexpr std::array<Unit, 6> kUnits = {
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"ms", 1'000}, {"us", 1}, {"m", 60'000'000}, {"s", 1'000'000}}};

// Reads what a line begins with, up to the closing quote.
absl::StatusOr<std::string> TakeQuoted(absl::string_view& rest) {
  for (size_t end = 1; end < rest.size(); ++end) {
    if (rest[end] == '\\') {
      ++end;
    } else if (rest[end] == '"') {
      std::string text, error;
      absl::string_view quoted = rest.substr(1, end - 1);
      if (!absl::CUnescape(quoted, &text, &error)) {
        return absl::InvalidArgumentError(error);
      }
      rest.remove_prefix(end + 1);
      return text;
    }
  }
  return absl::InvalidArgumentError("a quote is not closed");
}

absl::StatusOr<Value> TakeValue(absl::string_view& rest) {
  if (!rest.empty() && rest.front() == '"') {
    absl::StatusOr<std::string> text = TakeQuoted(rest);
    if (!text.ok()) return text.status();
    return Value{*std::move(text), true};
  }
  std::string word(rest.substr(0, rest.find(' ')));
  rest.remove_prefix(word.size());
  absl::string_view size = word;
  int count = 0;
  if (absl::StartsWith(size, "bytes(") && absl::EndsWith(size, ")")) {
    size = size.substr(6, size.size() - 7);
    if (absl::SimpleAtoi(size, &count)) return Value{std::string(count, 'x'), true};
  }
  return Value{std::move(word), false};
}

// The length of NAME= at the start of `rest`, without the sign; 0 where there is none.
size_t NameLength(absl::string_view rest) {
  size_t length = 0;
  while (length < rest.size() && (absl::ascii_isalnum(rest[length]) || rest[length] == '_' || rest[length] == '.'))
    ++length;
  return length < rest.size() && rest[length] == '=' ? length : 0;
}

}  // namespace

absl::StatusOr<Words> SplitWords(absl::string_view rest) {
  Words words;
  while (true) {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    if (rest.empty() || rest.front() == '#') return words;
    Field word;
    if (size_t length = NameLength(rest); length > 0) {
      word.name = std::string(rest.substr(0, length));
      rest.remove_prefix(length + 1);
    }
    absl::StatusOr<Value> value = TakeValue(rest);
    if (!value.ok()) return value.status();
    word.value = *std::move(value);
    words.push_back(std::move(word));
  }
}

std::optional<Duration> ParseDuration(absl::string_view text) {
  bool negative = absl::StartsWith(text, "-");
  if (negative || absl::StartsWith(text, "+")) text.remove_prefix(1);
  int64_t micros = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    size_t digits = 0;
    while (digits < text.size() && absl::ascii_isdigit(text[digits])) ++digits;
    int64_t count = 0;
    if (!absl::SimpleAtoi(text.substr(0, digits), &count)) return std::nullopt;
    text.remove_prefix(digits);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (unit == nullptr && absl::StartsWith(text, candidate.name)) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    text.remove_prefix(unit->name.size());
    micros += count * unit->micros;
  }
  return Duration(negative ? -micros : micros);
}

std::string ToText(Duration duration) {
  int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (absl::string_view name : {"d", "h", "m", "s", "ms", "us"}) {
    for (const Unit& unit : kUnits) {
      if (unit.name != name) continue;
      if (rest >= unit.micros) absl::StrAppend(&text, rest / unit.micros, name);
      rest %= unit.micros;
    }
  }
  return text;
}

}  // namespace semel::scenario
