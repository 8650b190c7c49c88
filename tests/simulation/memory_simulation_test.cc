// Many clients, restarts, lost replies and virtual time over the committer and the storage in memory.

#include <gtest/gtest.h>

#include <memory>

#include "tests/simulation/memory_machine.h"
#include "tests/simulation/seeds.h"

namespace semel::simulation {
namespace {

TEST(MemorySimulation, AgreesWithTheReferenceAfterEveryStep) {
  RunSeeds({.count = 60, .steps = 5000}, [](uint64_t) { return std::make_unique<MemoryMachine>(); });
}

}  // namespace
}  // namespace semel::simulation
