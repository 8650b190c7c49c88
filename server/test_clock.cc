#include "server/test_clock.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace semel {
namespace {

// A thousand years: nothing that is added to it overflows.
constexpr int64_t kLongest = int64_t{1000} * 366 * 24 * 3600 * 1'000'000;

absl::StatusOr<storage::Duration> DurationOf(absl::string_view query, int64_t smallest) {
  int64_t micros = 0;
  if (!absl::ConsumePrefix(&query, "by=") || !absl::SimpleAtoi(query, &micros) || micros < smallest ||
      micros > kLongest) {
    return absl::InvalidArgumentError(
        absl::StrCat("say by how many microseconds, ", smallest, " to ", kLongest, ": ?by=MICROS"));
  }
  return storage::Duration(micros);
}

}  // namespace

ops::AdminHttp::Posts TestClock::Controls(engine::Committer& committer) {
  const auto elapse = [this, &committer](const std::string& query) {
    const absl::StatusOr<storage::Duration> by = DurationOf(query, 0);
    if (!by.ok()) return by.status();
    time_.Advance(*by);
    committer.Run({});
    return committer.Maintain();
  };
  const auto step = [this](const std::string& query) {
    const absl::StatusOr<storage::Duration> by = DurationOf(query, -kLongest);
    if (by.ok()) time_.StepWall(*by);
    return by.status();
  };
  return {{"/testing/elapse", elapse}, {"/testing/step-wall-clock", step}};
}

}  // namespace semel
