// Durations that no field takes, whatever its range.

#ifndef SEMEL_TESTS_E2E_WRONG_DURATIONS_H_
#define SEMEL_TESTS_E2E_WRONG_DURATIONS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/duration.pb.h"
#include "tests/e2e/refused_fields.h"

namespace semel::e2e {

inline google::protobuf::Duration DurationOf(int64_t seconds, int32_t nanos = 0) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

// Negative ones, those longer than any limit, and what is not a valid google.protobuf.Duration at all.
inline std::vector<google::protobuf::Duration> WrongDurations() {
  constexpr int64_t kLongest = 315'576'000'000;  // of google.protobuf.Duration
  return {
      DurationOf(-1),
      DurationOf(0, -1),
      DurationOf(-1, -1),
      DurationOf(-kLongest),
      DurationOf(kLongest),
      DurationOf(kLongest + 1),
      DurationOf(-kLongest - 1),
      DurationOf(std::numeric_limits<int64_t>::max()),
      DurationOf(std::numeric_limits<int64_t>::min()),
      DurationOf(std::numeric_limits<int64_t>::max(), std::numeric_limits<int32_t>::max()),
      DurationOf(1, 1'000'000'000),
      DurationOf(1, std::numeric_limits<int32_t>::max()),
      DurationOf(-1, -1'000'000'000),
      DurationOf(1, -1),
      DurationOf(-1, 1),
      DurationOf(0, std::numeric_limits<int32_t>::min()),
  };
}

// All of these in the field that `mutable_field` names, and `more`.
template <class Request>
std::vector<Spoiling<Request>> WrongDurationsOf(const std::string& field,
                                                std::function<google::protobuf::Duration*(Request&)> mutable_field,
                                                std::vector<google::protobuf::Duration> more = {}) {
  std::vector<google::protobuf::Duration> wrong = WrongDurations();
  wrong.insert(wrong.end(), more.begin(), more.end());
  std::vector<Spoiling<Request>> spoilings;
  for (const google::protobuf::Duration& duration : wrong) {
    spoilings.push_back({absl::StrCat(field, " of ", duration.seconds(), " s ", duration.nanos(), " ns"), field,
                         [=](Request& request) { *mutable_field(request) = duration; }});
  }
  return spoilings;
}

}  // namespace semel::e2e

#endif  // SEMEL_TESTS_E2E_WRONG_DURATIONS_H_
