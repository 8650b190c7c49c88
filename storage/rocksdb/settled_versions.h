// What the last loads found in `settled`, so that a commit need not read it again to check the versions that it expects.
// There is one writer, so what was loaded holds until this process commits over it; a compaction may drop what expired, but
// then the loaded version is the better answer: nothing happened to the key.

#ifndef SEMEL_STORAGE_ROCKSDB_SETTLED_VERSIONS_H_
#define SEMEL_STORAGE_ROCKSDB_SETTLED_VERSIONS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "storage/record.h"

namespace semel::storage {

// What is settled under a key, as far as overwriting it goes.
struct SettledVersion {
  uint64_t version = 0;           // 0: nothing
  bool payload_detached = false;  // then the payload stands under these two
  Time result_expire_time{};
  int64_t token = 0;

  static SettledVersion Of(const Record& record) {
    const auto* result = std::get_if<Result>(&record.outcome);
    return {.version = record.version,
            .payload_detached = result != nullptr && result->payload_detached,
            .result_expire_time = record.result_expire_time,
            .token = record.token};
  }
};

class SettledVersions {
 public:
  // Bounds what is remembered for keys that were only looked at. Call before a load of `more` keys, all of which are then
  // remembered until the next load at least.
  void MakeRoom(size_t more) {
    if (versions_.size() + more <= kMost) return;
    versions_.clear();
    versions_.reserve(std::max(more, kMost));
  }
  void Remember(std::string encoded_key, SettledVersion version) {
    versions_.insert_or_assign(std::move(encoded_key), version);
  }
  const SettledVersion* Find(const std::string& encoded_key) const {
    const auto found = versions_.find(encoded_key);
    return found == versions_.end() ? nullptr : &found->second;
  }
  void Forget(const std::string& encoded_key) { versions_.erase(encoded_key); }

 private:
  static constexpr size_t kMost = 4096;

  absl::flat_hash_map<std::string, SettledVersion> versions_;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_SETTLED_VERSIONS_H_
