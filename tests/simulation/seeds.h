// Runs a simulation for many seeds, as the environment asks:
//
//   SEMEL_SIM_SEEDS=200    how many seeds, from 1 on
//   SEMEL_SIM_STEPS=5000   steps of each
//   SEMEL_SIM_SEED=17      only this one: what a failure prints, to see it again

#ifndef SEMEL_TESTS_SIMULATION_SEEDS_H_
#define SEMEL_TESTS_SIMULATION_SEEDS_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "tests/simulation/machine.h"

namespace semel::simulation {

// What to do where the environment says nothing.
struct Seeds {
  uint64_t count = 0;
  int64_t steps = 0;
};

// Stops at the first failure. Prints how many steps a second it did.
void RunSeeds(Seeds defaults, const std::function<std::unique_ptr<Machine>(uint64_t seed)>& new_machine);

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_SEEDS_H_
