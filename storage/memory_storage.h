// Storage in memory, for tests and simulation: as strict as RocksDbStorage, over maps instead of column families.
//
//   ManualTime time;
//   auto disk = std::make_shared<MemoryDisk>();
//   auto storage = std::make_unique<MemoryStorage>(time, disk);
//   ...
//   storage = std::make_unique<MemoryStorage>(time, disk);  // a restart: what was on disk is still there, nothing else
//
// Values pass through the record codec, so what a restart would lose is lost at once. Every call costs O(log n).

#ifndef SEMEL_STORAGE_MEMORY_STORAGE_H_
#define SEMEL_STORAGE_MEMORY_STORAGE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/record_codec.h"
#include "storage/storage.h"

namespace semel::storage {

// What outlives the process. Not thread-safe; one MemoryStorage uses it at a time.
struct MemoryDisk {
  uint64_t position = 0;  // of the last write; the version of what it wrote
  uint64_t dropped = 0;   // highest version of what Maintain dropped
  ClockMark mark;
  std::map<uint64_t, std::string> open;         // position -> EncodeOpen
  std::map<std::string, std::string> settled;   // EncodeKey -> EncodeSettled
  std::map<std::string, std::string> payloads;  // EncodePayloadKey -> payload
};

// What a failed commit left behind. Its caller cannot know which (rule 17).
enum class CommitFault { kNothingWritten, kEverythingWritten };

class MemoryStorage final : public Storage {
 public:
  static constexpr size_t kInlinePayloadBytes = 4096;

  // Larger payloads are kept apart. `time` must outlive the storage.
  MemoryStorage(const TimeSource& time, std::shared_ptr<MemoryDisk> disk,
                size_t inline_payload_bytes = kInlinePayloadBytes);

  absl::Status Load(absl::Span<const Key* const> keys, std::vector<std::optional<Record>>& records) override;
  absl::StatusOr<std::string> LoadPayload(const Key& key, const Record& record) override;
  absl::StatusOr<CommitTimes> Commit(absl::Span<const Mutation> mutations, Time now) override;
  absl::StatusOr<ScanPage> Scan(const ScanRequest& request) override;
  // Does what compaction would: strips outcomes and drops settled records and payloads past their time. Open keys stay.
  absl::Status Maintain(Time now) override;
  absl::Status Health() const override;
  OpenStats Open() const override;
  std::vector<Property> Properties() const override;
  Clock& clock() override { return clock_; }

  // The next commit that has something to write fails, and with it every call from then on. Thread-safe.
  void FailNextCommit(CommitFault fault);

 private:
  struct OpenKey {
    uint64_t position = 0;
    bool in_doubt = false;
    size_t bytes = 0;
  };

  using OpenKeys = absl::flat_hash_map<Key, OpenKey>;
  using SettledFamily = std::map<std::string, std::string>;

  absl::Status Recover();
  absl::StatusOr<std::optional<Record>> Read(const Key& key) const;
  uint64_t VersionOf(const Key& key) const;
  void Write(const Mutation& mutation);
  void RememberOpen(const Key& key, const Record& record);
  void ForgetOpen(OpenKeys::iterator entry);
  void RememberDue(const std::string& encoded_key, const std::string& value);
  void ForgetSettled(SettledFamily::iterator entry);

  // Constant after construction.
  const std::shared_ptr<MemoryDisk> disk_;  // what it points to is guarded by mutex_
  const size_t inline_payload_bytes_;

  Clock clock_;

  // Guarded by mutex_: what a process knows, rebuilt from the disk when it starts.
  mutable std::mutex mutex_;
  OpenKeys open_;
  OpenStats open_stats_;
  std::set<std::pair<Time, std::string>> due_;  // when Maintain has to look at a settled record, and its encoded key
  std::optional<CommitFault> fault_;
  absl::Status health_;  // last: recovery fills the members above
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_MEMORY_STORAGE_H_
