// Storage whose commits a test can hold up, as a slow disk would, to see what happens meanwhile.
//
//   gate->Close();  caller sends ...  gate->AwaitCommit();  ...  gate->Open();

#ifndef SEMEL_TESTS_SUPPORT_GATED_STORAGE_H_
#define SEMEL_TESTS_SUPPORT_GATED_STORAGE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "storage/storage.h"
#include "tests/support/local_server.h"

namespace semel::support {

// Thread-safe.
class Gate {
 public:
  void Close() { Set(false); }
  void Open() { Set(true); }
  // Until a commit stands before the closed gate.
  void AwaitCommit() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&waiting_));
  }
  void Pass() {
    absl::MutexLock lock(&mutex_);
    waiting_ = !open_;
    mutex_.Await(absl::Condition(&open_));
    waiting_ = false;
  }

 private:
  void Set(bool open) {
    absl::MutexLock lock(&mutex_);
    open_ = open;
  }

  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  bool waiting_ ABSL_GUARDED_BY(mutex_) = false;
};

class GatedStorage final : public storage::Storage {
 public:
  GatedStorage(std::unique_ptr<storage::Storage> inner, std::shared_ptr<Gate> gate)
      : inner_(std::move(inner)), gate_(std::move(gate)) {}

  absl::Status Load(absl::Span<const storage::Key* const> keys,
                    std::vector<std::optional<storage::Record>>& records) override {
    return inner_->Load(keys, records);
  }
  absl::StatusOr<std::string> LoadPayload(const storage::Key& key, const storage::Record& record) override {
    return inner_->LoadPayload(key, record);
  }
  absl::StatusOr<storage::CommitTimes> Commit(absl::Span<const storage::Mutation> mutations,
                                              storage::Time now) override {
    gate_->Pass();
    return inner_->Commit(mutations, now);
  }
  absl::StatusOr<storage::ScanPage> Scan(const storage::ScanRequest& request) override { return inner_->Scan(request); }
  absl::Status Maintain(storage::Time now) override { return inner_->Maintain(now); }
  absl::Status Health() const override { return inner_->Health(); }
  storage::OpenStats Open() const override { return inner_->Open(); }
  std::vector<storage::Property> Properties() const override { return inner_->Properties(); }
  storage::Clock& clock() override { return inner_->clock(); }

 private:
  const std::unique_ptr<storage::Storage> inner_;
  const std::shared_ptr<Gate> gate_;
};

// What `open` opens, behind `gate`.
inline OpenStorage Behind(std::shared_ptr<Gate> gate, OpenStorage open) {
  return [gate = std::move(gate), open = std::move(open)](
             const storage::TimeSource& time) -> absl::StatusOr<std::unique_ptr<storage::Storage>> {
    absl::StatusOr<std::unique_ptr<storage::Storage>> inner = open(time);
    if (!inner.ok()) return inner.status();
    return std::make_unique<GatedStorage>(*std::move(inner), gate);
  };
}

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_GATED_STORAGE_H_
