#include "tests/storage/faulty_file_system.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <utility>

namespace semel::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using Operation = FaultyFileSystem::Operation;

constexpr uint64_t kSector = 512;

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, uint64_t size, FaultyFileSystem& disk)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), size_(size), disk_(disk) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus status = disk_.Admit(name_, Operation::kAppend); !status.ok()) return status;
    IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) disk_.Wrote(name_, size_ += data.size());
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& /*info*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    const uint64_t size = size_;
    if (IOStatus status = disk_.Admit(name_, Operation::kSync); !status.ok()) return status;
    IOStatus status = target()->Sync(options, debug);
    if (status.ok()) disk_.Synced(name_, size);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus status = disk_.AdmitChange(); !status.ok()) return status;
    return target()->Truncate(size, options, debug);
  }

 private:
  const std::string name_;
  std::atomic<uint64_t> size_;
  FaultyFileSystem& disk_;
};

}  // namespace

void FaultyFileSystem::FailNextAppend(std::string suffix) {
  std::lock_guard lock(mutex_);
  fault_ = {Operation::kAppend, std::move(suffix)};
}

void FaultyFileSystem::FailNextSync(std::string suffix) {
  std::lock_guard lock(mutex_);
  fault_ = {Operation::kSync, std::move(suffix)};
}

bool FaultyFileSystem::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void FaultyFileSystem::Freeze() {
  std::lock_guard lock(mutex_);
  frozen_ = true;
}

void FaultyFileSystem::LoseUnsynced(uint64_t bytes_that_got_through) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, sizes] : sizes_) {
    if (!std::filesystem::exists(name)) continue;
    std::filesystem::resize_file(name, std::min(sizes.written, sizes.synced + bytes_that_got_through));
  }
}

void FaultyFileSystem::TearUnsynced(bool odd) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, sizes] : sizes_) {
    if (!std::filesystem::exists(name)) continue;
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t at = sizes.synced, end = 0; at < sizes.written; at = end) {
      end = std::min(sizes.written, (at / kSector + 1) * kSector);
      if ((at / kSector % 2 != 0) != odd) continue;
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(end - at, '\0');
    }
  }
}

IOStatus FaultyFileSystem::Admit(const std::string& name, Operation operation) {
  std::lock_guard lock(mutex_);
  if (frozen_) return IOStatus::IOError("frozen");
  if (!fault_ || fault_->operation != operation || !name.ends_with(fault_->suffix)) return IOStatus::OK();
  fault_.reset();
  failed_ = true;
  return IOStatus::IOError("injected fault");
}

IOStatus FaultyFileSystem::AdmitChange() {
  std::lock_guard lock(mutex_);
  return frozen_ ? IOStatus::IOError("frozen") : IOStatus::OK();
}

void FaultyFileSystem::Wrote(const std::string& name, uint64_t size) {
  std::lock_guard lock(mutex_);
  sizes_[name].written = size;
}

void FaultyFileSystem::Synced(const std::string& name, uint64_t size) {
  std::lock_guard lock(mutex_);
  sizes_[name].synced = std::max(sizes_[name].synced, size);
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus status = AdmitChange(); !status.ok()) return status;
  IOStatus status = target()->NewWritableFile(name, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<FaultyFile>(std::move(*file), name, 0, *this);
  std::lock_guard lock(mutex_);
  sizes_[name] = {};
  return status;
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus status = AdmitChange(); !status.ok()) return status;
  uint64_t size = 0;
  target()->GetFileSize(name, {}, &size, debug).PermitUncheckedError();
  IOStatus status = target()->ReopenWritableFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(*file), name, size, *this);
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (IOStatus status = AdmitChange(); !status.ok()) return status;
  return target()->DeleteFile(name, options, debug);
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  if (IOStatus status = AdmitChange(); !status.ok()) return status;
  IOStatus status = target()->RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  std::lock_guard lock(mutex_);
  if (const auto moved = sizes_.extract(from)) sizes_[to] = moved.mapped();
  return status;
}

IOStatus FaultyFileSystem::Truncate(const std::string& name, size_t size, const IOOptions& options,
                                    IODebugContext* debug) {
  if (IOStatus status = AdmitChange(); !status.ok()) return status;
  return target()->Truncate(name, size, options, debug);
}

}  // namespace semel::storage
