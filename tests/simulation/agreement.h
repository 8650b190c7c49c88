// Whether what the server said and stored is what the model says. "" where it is; else a line that shows the difference.

#ifndef SEMEL_TESTS_SIMULATION_AGREEMENT_H_
#define SEMEL_TESTS_SIMULATION_AGREEMENT_H_

#include <optional>
#include <string>

#include "storage/record.h"
#include "tests/simulation/key_model.h"

namespace semel::simulation {

std::string Disagreement(const Reply& expected, const Reply& actual);

// `stored` is what storage loads for the key, with a payload that was kept apart in its place.
std::string Disagreement(const KeyModel& expected, const std::optional<storage::Record>& stored, Time now);

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_AGREEMENT_H_
