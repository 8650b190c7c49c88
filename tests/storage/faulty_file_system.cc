#include "tests/storage/faulty_file_system.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
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
    if (IOStatus status = disk_.Admit(name_, Operation::kTruncate); !status.ok()) return status;
    return target()->Truncate(size, options, debug);
  }

 private:
  const std::string name_;
  std::atomic<uint64_t> size_;
  FaultyFileSystem& disk_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string name, FaultyFileSystem& disk)
      : FSDirectoryWrapper(std::move(directory)), name_(std::move(name)), disk_(disk) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus status = disk_.Admit(name_, Operation::kSyncDirectory); !status.ok()) return status;
    IOStatus status = FSDirectoryWrapper::Fsync(options, debug);
    if (status.ok()) disk_.SyncedDirectory(name_);
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*what*/) override {
    return Fsync(options, debug);
  }

 private:
  const std::string name_;
  FaultyFileSystem& disk_;
};

std::string ReadWhole(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path Normal(const std::string& name) { return std::filesystem::path(name).lexically_normal(); }

bool IsIn(const std::string& name, const std::string& directory) {
  return Normal(name).parent_path() == Normal(directory + "/.").parent_path();
}

}  // namespace

void FaultyFileSystem::Expect(Fault fault) {
  std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  failed_ = false;
}

void FaultyFileSystem::FailNextAppend(std::string suffix) {
  Expect({.operation = Operation::kAppend, .suffix = std::move(suffix)});
}

void FaultyFileSystem::FailNextSync(std::string suffix) {
  Expect({.operation = Operation::kSync, .suffix = std::move(suffix)});
}

void FaultyFileSystem::FailNextBelow(Operation operation, std::string directory) {
  Expect({.operation = operation, .prefix = std::move(directory)});
}

void FaultyFileSystem::FailOnce(Operation operation, uint64_t after) {
  Expect({.operation = operation, .after = after});
}

bool FaultyFileSystem::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void FaultyFileSystem::Freeze() {
  std::lock_guard lock(mutex_);
  frozen_ = true;
}

void FaultyFileSystem::FreezeAfter(uint64_t operations) {
  std::lock_guard lock(mutex_);
  operations_left_ = operations;
}

bool FaultyFileSystem::frozen() const {
  std::lock_guard lock(mutex_);
  return frozen_;
}

void FaultyFileSystem::LoseUnsynced(uint64_t bytes_that_got_through) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, sizes] : sizes_) {
    if (!std::filesystem::exists(name)) continue;
    std::filesystem::resize_file(name, std::min(sizes.written, sizes.synced + bytes_that_got_through));
  }
  UndoNames();
}

void FaultyFileSystem::UndoNames() {
  for (auto rename = renames_.rbegin(); rename != renames_.rend(); ++rename) {
    if (std::filesystem::exists(rename->to)) std::filesystem::rename(rename->to, rename->from);
    if (rename->replaced) std::ofstream(rename->to, std::ios::binary) << *rename->replaced;
  }
  for (const std::string& name : new_names_) std::filesystem::remove(name);
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
  if (operations_left_ == 0) frozen_ = true;
  if (frozen_) return IOStatus::IOError("frozen");
  --operations_left_;
  if (!fault_ || fault_->operation != operation) return IOStatus::OK();
  if (!name.ends_with(fault_->suffix) || !name.starts_with(fault_->prefix)) return IOStatus::OK();
  if (fault_->after-- > 0) return IOStatus::OK();
  fault_.reset();
  failed_ = true;
  return IOStatus::IOError("injected fault");
}

void FaultyFileSystem::Wrote(const std::string& name, uint64_t size) {
  std::lock_guard lock(mutex_);
  sizes_[name].written = size;
}

void FaultyFileSystem::Synced(const std::string& name, uint64_t size) {
  std::lock_guard lock(mutex_);
  sizes_[name].synced = std::max(sizes_[name].synced, size);
}

void FaultyFileSystem::SyncedDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  std::erase_if(new_names_, [&](const std::string& name) { return IsIn(name, directory); });
  std::erase_if(renames_, [&](const Rename& rename) { return IsIn(rename.to, directory); });
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kNewFile); !status.ok()) return status;
  const bool is_new = !std::filesystem::exists(name);
  IOStatus status = target()->NewWritableFile(name, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<FaultyFile>(std::move(*file), name, 0, *this);
  std::lock_guard lock(mutex_);
  sizes_[name] = {};
  if (is_new) new_names_.insert(name);
  return status;
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kNewFile); !status.ok()) return status;
  uint64_t size = 0;
  target()->GetFileSize(name, {}, &size, debug).PermitUncheckedError();
  IOStatus status = target()->ReopenWritableFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(*file), name, size, *this);
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(name, options, directory, debug);
  if (status.ok()) *directory = std::make_unique<FaultyDirectory>(std::move(*directory), name, *this);
  return status;
}

IOStatus FaultyFileSystem::CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kNewFile); !status.ok()) return status;
  return target()->CreateDir(name, options, debug);
}

IOStatus FaultyFileSystem::CreateDirIfMissing(const std::string& name, const IOOptions& options,
                                              IODebugContext* debug) {
  if (std::filesystem::is_directory(name)) return IOStatus::OK();
  return CreateDir(name, options, debug);
}

IOStatus FaultyFileSystem::DeleteDir(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kDelete); !status.ok()) return status;
  return target()->DeleteDir(name, options, debug);
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kDelete); !status.ok()) return status;
  IOStatus status = target()->DeleteFile(name, options, debug);
  std::lock_guard lock(mutex_);
  new_names_.erase(name);
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  if (IOStatus status = Admit(to, Operation::kRename); !status.ok()) return status;
  Rename rename{.from = from, .to = to};
  // Directories are renamed too, but never over another.
  if (std::filesystem::is_regular_file(to)) rename.replaced = ReadWhole(to);
  IOStatus status = target()->RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  std::lock_guard lock(mutex_);
  renames_.push_back(std::move(rename));
  if (const auto moved = sizes_.extract(from)) sizes_[to] = moved.mapped();
  return status;
}

IOStatus FaultyFileSystem::Truncate(const std::string& name, size_t size, const IOOptions& options,
                                    IODebugContext* debug) {
  if (IOStatus status = Admit(name, Operation::kTruncate); !status.ok()) return status;
  return target()->Truncate(name, size, options, debug);
}

}  // namespace semel::storage
