// The first lines of a transcript: what the operator configured.

#ifndef SEMEL_TESTS_SCENARIO_SETTINGS_H_
#define SEMEL_TESTS_SCENARIO_SETTINGS_H_

#include "absl/status/statusor.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/service.h"

namespace semel::scenario {

// An error names a setting that does not exist, or a value that is not one.
absl::StatusOr<ServiceSettings> SettingsOf(const Scenario& scenario);

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_SETTINGS_H_
