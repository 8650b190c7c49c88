// One history, and a fault at every point of it: after a failed operation of the disk nothing is acknowledged again, and after a
// restart, or a power cut, exactly what was acknowledged is there, except for the one call whose answer never came.

#include <gmock/gmock.h>

#include <map>
#include <tuple>

#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

using Operation = FaultyFileSystem::Operation;

// What callers were told, and what they asked for last without being told.
struct Acknowledged {
  std::map<std::string, Record> records;
  std::map<std::string, Record> unanswered;
};

class EveryFaultTest : public testing::Test {
 protected:
  // A server with a small journal, on a disk of its own. The directory is complete before faults begin.
  struct World {
    World() : disk(std::make_shared<FaultyFileSystem>()), env(disk, time) {
      options = TinyOptions(directory / "data");
      options.log = nullptr;
      options.env = &env;
      auto opened = RocksDbStorage::Open(options, time);
      EXPECT_TRUE(opened.ok()) << opened.status();
      storage = *std::move(opened);
    }

    TemporaryDirectory directory{MemoryDisk()};
    ManualTime time;
    std::shared_ptr<FaultyFileSystem> disk;
    TestEnv env;
    RocksDbOptions options;
    std::unique_ptr<RocksDbStorage> storage;
    Acknowledged acknowledged;
    bool stopped = false;  // a call has failed
  };

  static void Commit(World& world, const std::map<std::string, Record>& changes) {
    std::vector<Mutation> mutations;
    for (const auto& [name, record] : changes) {
      const auto before = world.acknowledged.records.find(name);
      const uint64_t version = before == world.acknowledged.records.end() ? 0 : before->second.version;
      mutations.push_back({{"shop", name}, version, record});
    }
    const absl::Status status = world.storage->Commit(mutations, world.storage->clock().Now()).status();
    if (world.stopped) {
      EXPECT_FALSE(status.ok()) << "something was promised after a failure";
      return;
    }
    if (!status.ok()) {
      world.stopped = true;
      world.acknowledged.unanswered = changes;
      return;
    }
    for (const auto& [name, record] : changes) {
      Record stored = record;
      stored.version = VersionOf(world, name);
      world.acknowledged.records[name] = std::move(stored);
    }
  }
  static uint64_t VersionOf(World& world, const std::string& name) {
    const Key key{"shop", name};
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    const absl::Status status = world.storage->Load(keys, records);
    // It may latch in the background between the commit and this look at it: then no later call depends on the version.
    return status.ok() && records[0] ? records[0]->version : 0;
  }

  // Everything that changes files: commits of one key and of several, large payloads, trims, flushes, compactions, a backup.
  static void LiveThrough(World& world) {
    int64_t token = Micros(world.time.Wall());
    const auto now = [&] { return world.storage->clock().Now(); };
    for (int round = 0; round < 2; ++round) {
      const std::string suffix = "-" + std::to_string(round);
      Commit(world, {{"straggler" + suffix, InProgressRecord(++token, now())}});
      for (int i = 0; i < 4; ++i) {
        const std::string name = "order-" + std::to_string(i) + suffix;
        Commit(world, {{name, InProgressRecord(++token, now())}});
        Commit(world, {{name, DoneRecord(token, now(), std::string(i % 2 == 0 ? 9000 : 30, 'x'))}});
      }
      Commit(world,
             {{"doubtful" + suffix, InDoubtRecord(++token, now())}, {"failed" + suffix, FailedRecord(++token, now())}});
      Commit(world, {{"doubtful" + suffix, VacantRecord(token, now())}});
      world.time.Advance(std::chrono::seconds(2));  // the clock mark is due
      world.stopped |= !world.storage->Maintain(now()).ok();
      world.stopped |= !world.storage->Reclaim().ok();
      // A backup may fail without harm to the server; where the server failed, it may not be made.
      const bool made = world.storage->CreateBackup({.directory = world.directory / "backups", .keep = 1}).ok();
      EXPECT_FALSE(made && world.stopped);
      world.stopped |= !world.storage->Health().ok();
    }
  }

  static void ExpectSame(const Record& is, Record was, const std::string& payload) {
    auto* result = std::get_if<Result>(&was.outcome);
    Record now = is;
    now.version = was.version;
    if (auto* stored = std::get_if<Result>(&now.outcome); stored != nullptr && stored->payload_detached) {
      stored->payload = payload;
      stored->payload_detached = false;
    }
    EXPECT_EQ(now, was) << (result != nullptr ? "a result" : "no result");
  }

  // What the next process finds.
  static void ExpectAcknowledged(World& world) {
    RocksDbOptions options = TinyOptions(world.options.path);
    options.log = nullptr;
    const auto opened = RocksDbStorage::Open(options, world.time);
    ASSERT_TRUE(opened.ok()) << opened.status();
    RocksDbStorage& storage = **opened;
    std::map<std::string, Record> found;
    ScanRequest request;
    do {
      const absl::StatusOr<ScanPage> page = storage.Scan(request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& [key, record] : page->records) found[key.name] = record;
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());

    const Acknowledged& told = world.acknowledged;
    for (const auto& [name, record] : told.records) {
      if (told.unanswered.contains(name)) continue;
      SCOPED_TRACE(name);
      if (record.state == State::kVacant) {
        EXPECT_FALSE(found.contains(name));
        continue;
      }
      ASSERT_TRUE(found.contains(name)) << "an acknowledged answer is lost";
      const auto payload = PayloadOf(storage, name, found[name]);
      ASSERT_TRUE(payload.ok()) << payload.status();
      ExpectSame(found[name], record, *payload);
    }
    for (const auto& [name, record] : found) {
      EXPECT_TRUE(told.records.contains(name) || told.unanswered.contains(name)) << name << " was invented";
    }
    ExpectAllOrNothing(told, found);
  }
  static absl::StatusOr<std::string> PayloadOf(RocksDbStorage& storage, const std::string& name, const Record& record) {
    if (!std::holds_alternative<Result>(record.outcome)) return std::string();
    return storage.LoadPayload({"shop", name}, record);
  }
  // The call whose answer never came happened as a whole, or not at all.
  static void ExpectAllOrNothing(const Acknowledged& told, const std::map<std::string, Record>& found) {
    size_t happened = 0;
    for (const auto& [name, record] : told.unanswered) {
      const auto at = found.find(name);
      const bool is_there = at == found.end() ? record.state == State::kVacant && told.records.contains(name)
                                              : at->second.state == record.state && at->second.token == record.token;
      happened += is_there ? 1 : 0;
    }
    EXPECT_TRUE(happened == 0 || happened == told.unanswered.size());
  }

  // The newest backup is whole, and of what was acknowledged before it nothing is missing that the server has.
  static void ExpectSoundBackups(World& world) {
    const auto backups = ListBackups(world.directory / "backups");
    if (!backups.ok() || backups->empty()) return;  // the fault came before the first
    const std::string path = world.directory / "restored";
    bool whole = false;
    for (const BackupInfo& backup : *backups) whole |= !backup.damaged;
    if (!whole) return;
    const auto restored = RestoreBackup(world.directory / "backups", {}, path);
    ASSERT_TRUE(restored.ok()) << restored.status();
    ExpectSound(path, world.time);
  }
  static void ExpectSound(const std::string& path, const TimeSource& time) {
    const absl::StatusOr<DatabaseReport> report = Verify(path, time);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, testing::IsEmpty());
  }
};

// The disk says no once, to any kind of operation, the first time and every later one.
TEST_F(EveryFaultTest, OneFailureOfTheDiskIsFinalAndLosesNothing) {
  for (const Operation operation : {Operation::kAppend, Operation::kSync, Operation::kNewFile, Operation::kRename,
                                    Operation::kSyncDirectory, Operation::kDelete, Operation::kTruncate}) {
    int faults = 0;
    int latched = 0;
    for (uint64_t nth = 0;; ++nth) {
      SCOPED_TRACE(testing::Message() << "operation " << static_cast<int>(operation) << ", after " << nth);
      World world;
      world.disk->FailOnce(operation, nth);
      LiveThrough(world);
      if (!world.disk->failed()) break;
      ++faults;
      latched += world.storage->Health().ok() ? 0 : 1;
      world.disk->Freeze();
      world.storage.reset();
      ExpectSound(world.options.path, world.time);
      ExpectSoundBackups(world);
      ExpectAcknowledged(world);
      if (HasFailure()) return;
    }
    std::printf("operation %d: failed at %d points, %d of them latched\n", static_cast<int>(operation), faults,
                latched);
  }
}

// The power goes before every operation of the disk, in turn. Of what was not synced nothing, some, or every other sector got through.
// Every fourth point each, so that no test takes too long.
class PowerCutTest : public EveryFaultTest, public testing::WithParamInterface<std::tuple<int, int>> {};

constexpr int kShares = 4;

TEST_P(PowerCutTest, AtEveryPointLosesNothing) {
  const auto [got_through, share] = GetParam();
  uint64_t points = share;
  for (;; points += kShares) {
    SCOPED_TRACE(testing::Message() << "after " << points << " operations");
    World world;
    world.disk->FreezeAfter(points);
    LiveThrough(world);
    const bool cut = world.disk->frozen();
    world.disk->Freeze();
    world.storage.reset();
    if (got_through < 0) {
      world.disk->TearUnsynced(points / kShares % 2 == 0);
    } else {
      world.disk->LoseUnsynced(got_through);
    }
    ExpectSound(world.options.path, world.time);
    if (points / kShares % 2 == 0) ExpectSoundBackups(world);
    ExpectAcknowledged(world);
    if (HasFailure() || !cut) break;
  }
  std::printf("the power was cut at every %dth of %llu points\n", kShares, static_cast<unsigned long long>(points));
  EXPECT_GT(points, 200u);
}

INSTANTIATE_TEST_SUITE_P(BytesThatGotThrough, PowerCutTest,
                         testing::Combine(testing::Values(0, 13, -1), testing::Range(0, kShares)),
                         [](const auto& info) {
                           const int bytes = std::get<0>(info.param);
                           return (bytes < 0 ? std::string("EveryOtherSector") : std::to_string(bytes)) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace semel::storage
