// A file system that fails when it is told to, under a real RocksDB.
//
//   auto disk = std::make_shared<FaultyFileSystem>();
//   std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
//   disk->FailNextSync(".log");   // the disk takes the bytes and then says no
//   disk->Freeze();               // kill -9: nothing that happens from now on reaches the files
//   disk->LoseUnsynced(100);      // power cut: of what was not synced, 100 bytes a file got through
//
// See LevelDB's and RocksDB's own fault_injection tests. What a directory sync protects is not modelled.

#ifndef SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_
#define SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace semel::storage {

// Thread-safe.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // The next such call on a file whose name ends so fails, once.
  void FailNextAppend(std::string suffix);
  void FailNextSync(std::string suffix);
  bool failed() const;  // it has happened

  void Freeze();
  // Only after Freeze, when nothing is open any more.
  void LoseUnsynced(uint64_t bytes_that_got_through);
  // As LoseUnsynced, but the disk wrote out of order: the files are as long as they were, and of what was not synced every
  // other sector of 512 bytes reads as zeros, the even ones or the odd ones.
  void TearUnsynced(bool odd);

  // For the files that it opens.
  enum class Operation { kAppend, kSync };
  rocksdb::IOStatus Admit(const std::string& name, Operation operation);
  rocksdb::IOStatus AdmitChange();
  void Wrote(const std::string& name, uint64_t size);
  void Synced(const std::string& name, uint64_t size);

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Truncate(const std::string& name, size_t size, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  const char* Name() const override { return "FaultyFileSystem"; }

 private:
  struct Sizes {
    uint64_t written = 0;
    uint64_t synced = 0;
  };
  struct Fault {
    Operation operation;
    std::string suffix;
  };

  mutable std::mutex mutex_;
  bool frozen_ = false;
  bool failed_ = false;
  std::optional<Fault> fault_;
  std::map<std::string, Sizes> sizes_;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_
