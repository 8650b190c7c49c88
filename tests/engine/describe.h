// Replies and records as one line of text, so that a table can say what it expects and a failure shows where it differs.
//
//   Describe(Reply(Acquired{.token = 7, .attempt = 1, .lease = 30s}))  ->  "acquired token=7 attempt=1 lease=30s previous=NONE"
//
// Of a record, only what its state gives a meaning to is shown, and never its version, which is storage's.

#ifndef SEMEL_TESTS_ENGINE_DESCRIBE_H_
#define SEMEL_TESTS_ENGINE_DESCRIBE_H_

#include <optional>
#include <string>

#include "server/engine/decide.h"

namespace semel::engine {

// The instant that the tests count from: "@30s" is 30 seconds after it.
inline constexpr Time kStart = Time(Duration(1'700'000'000'000'000));

std::string Describe(Duration duration);  // "1d20s", "9m20s", "29s999999us", "0s"
std::string Describe(Time time);          // "@30s"
std::string Describe(const AttemptId& id);
std::string Describe(const Reply& reply);
std::string Describe(const Record& record);
std::string Describe(const Request& request);
std::string Describe(const std::optional<Record>& record);  // "nothing" where there is none

}  // namespace semel::engine

#endif  // SEMEL_TESTS_ENGINE_DESCRIBE_H_
