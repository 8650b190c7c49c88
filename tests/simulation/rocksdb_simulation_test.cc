// The same over RocksDB: nothing that is finished, deleted or expired comes back to life, and no open key is lost, whatever is
// flushed, compacted, reclaimed, trimmed or opened again meanwhile.

#include <gtest/gtest.h>

#include <memory>

#include "tests/simulation/rocksdb_machine.h"
#include "tests/simulation/seeds.h"

namespace semel::simulation {
namespace {

TEST(RocksDbSimulation, AgreesWithTheReferenceAfterEveryStep) {
  RunSeeds({.count = 8, .steps = 1200}, [](uint64_t seed) { return std::make_unique<RocksDbMachine>(seed); });
}

}  // namespace
}  // namespace semel::simulation
