#include "tests/simulation/seeds.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace semel::simulation {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

}  // namespace

void RunSeeds(Seeds defaults, const std::function<std::unique_ptr<Machine>(uint64_t seed)>& new_machine) {
  const uint64_t only = FromEnvironment("SEMEL_SIM_SEED", 0);
  const uint64_t first = only != 0 ? only : 1;
  const uint64_t last = only != 0 ? only : FromEnvironment("SEMEL_SIM_SEEDS", defaults.count);
  const auto steps = static_cast<int64_t>(FromEnvironment("SEMEL_SIM_STEPS", static_cast<uint64_t>(defaults.steps)));

  const auto start = std::chrono::steady_clock::now();
  int64_t done = 0;
  int64_t answers = 0;
  Coverage coverage;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const std::unique_ptr<Machine> machine = new_machine(seed);
    Simulation simulation(seed, *machine);
    if (std::string failure = simulation.Run(steps); !failure.empty()) {
      FAIL() << "SEMEL_SIM_SEED=" << seed << " SEMEL_SIM_STEPS=" << steps << " shows it again\n" << failure;
    }
    done += steps;
    answers += simulation.answers();
    coverage.Add(simulation.coverage());
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << "seeds " << first << " to " << last << ": " << done << " steps, " << answers << " answers, "
            << static_cast<int64_t>(static_cast<double>(done) / seconds.count()) << " steps/s\n"
            << coverage.Tell() << "\n";
  // Far more than enough to meet everything: less shows that the clients' habits no longer lead there.
  constexpr int64_t kEnough = 50'000;
  if (done >= kEnough) {
    EXPECT_EQ(coverage.Missing(), std::vector<std::string>());
  }
}

}  // namespace semel::simulation
