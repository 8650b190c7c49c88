// The kinds of values that a setting may have, each with how it is read, checked and shown.

#ifndef SEMEL_SERVER_OPS_SETTING_KINDS_H_
#define SEMEL_SERVER_OPS_SETTING_KINDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "server/ops/config_values.h"
#include "server/ops/settings.h"

namespace semel::ops {

// In all of these, `at` picks the field, of a target that may be const or not: [](auto& c) -> auto& { return c.listen; }.

template <class Target, class At>
Setting<Target> Flag(std::string_view name, At at, std::string_view about) {
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    absl::StatusOr<bool> flag = ParseBool(text);
    if (flag.ok()) at(target) = *flag;
    return flag.status();
  };
  auto show = [=](const Target& target) -> std::string { return at(target) ? "true" : "false"; };
  return {name, "`true` or `false`", about, set, show};
}

template <class Enum>
using Words = std::vector<std::pair<std::string_view, Enum>>;

template <class Target, class Enum, class At>
Setting<Target> OneOf(std::string_view name, At at, Words<Enum> words, std::string_view about) {
  std::string choices;
  for (const auto& [word, value] : words) choices += fmt::format("{}`{}`", choices.empty() ? "" : ", ", word);
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    for (const auto& [word, value] : words) {
      if (word != text) continue;
      at(target) = value;
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(fmt::format("must be one of {}, got {}", choices, Quote(text)));
  };
  auto show = [=](const Target& target) -> std::string {
    for (const auto& [word, value] : words) {
      if (value == at(target)) return std::string(word);
    }
    return "";
  };
  return {name, choices, about, set, show};
}

template <class Target, class Value, class At>
Setting<Target> Ranged(std::string_view name, At at, Value min, Value max, std::string_view type,
                       absl::StatusOr<Value> (*parse)(std::string_view), std::string (*format)(Value),
                       std::string_view about) {
  std::string range = fmt::format("{} to {}", format(min), format(max));
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    absl::StatusOr<Value> value = parse(text);
    if (!value.ok()) return value.status();
    if (*value < min || *value > max) {
      return absl::InvalidArgumentError(fmt::format("must be {}, got {}", range, Quote(text)));
    }
    at(target) = static_cast<std::remove_reference_t<decltype(at(target))>>(*value);
    return absl::OkStatus();
  };
  auto show = [=](const Target& target) { return format(Value(at(target))); };
  return {name, fmt::format("{}, {}", type, range), about, set, show};
}

template <class Target, class At>
Setting<Target> Time(std::string_view name, At at, Duration min, Duration max, std::string_view about) {
  return Ranged<Target>(name, at, min, max, "duration", &ParseDuration, &FormatDuration, about);
}

template <class Target, class At>
Setting<Target> Size(std::string_view name, At at, uint64_t min, uint64_t max, std::string_view about) {
  return Ranged<Target>(name, at, min, max, "size", &ParseSize, &FormatSize, about);
}

template <class Target, class At>
Setting<Target> Count(std::string_view name, At at, uint64_t min, uint64_t max, std::string_view about) {
  auto format = +[](uint64_t count) { return std::to_string(count); };
  return Ranged<Target>(name, at, min, max, "number", &ParseCount, format, about);
}

template <class Target, class At>
Setting<Target> Listen(std::string_view name, At at, std::string_view about) {
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    absl::StatusOr<Address> address = ParseAddress(text);
    if (address.ok()) at(target) = std::string(text);
    return address.status();
  };
  return {name, "host:port; port 0 takes any free one", about, set, [=](const Target& t) { return at(t); }};
}

template <class Target, class At>
Setting<Target> Path(std::string_view name, At at, std::string_view about) {
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    if (text.empty()) return absl::InvalidArgumentError("must not be empty");
    if (text.find('\0') != text.npos) return absl::InvalidArgumentError("must not contain a zero byte");
    at(target) = std::string(text);
    return absl::OkStatus();
  };
  return {name, "path", about, set, [=](const Target& t) { return at(t); }};
}

// The word `none` stands for no path; a directory of that name is ./none.
template <class Target, class At>
Setting<Target> PathOrNone(std::string_view name, At at, std::string_view about) {
  const Setting<Target> path = Path<Target>(name, at, about);
  auto set = [=](std::string_view text, Target& target) -> absl::Status {
    if (text != "none") return path.set(text, target);
    at(target).clear();
    return absl::OkStatus();
  };
  auto show = [=](const Target& t) -> std::string { return at(t).empty() ? "none" : at(t); };
  return {name, "path, or `none`", about, set, show};
}

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_SETTING_KINDS_H_
