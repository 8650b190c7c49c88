// A file system that fails when it is told to, under a real RocksDB.
//
//   auto disk = std::make_shared<FaultyFileSystem>();
//   std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
//   disk->FailNextSync(".log");                 // the disk takes the bytes and then says no
//   disk->FailOnce(Operation::kAppend, 7);      // the eighth append from now on, whatever the file
//   disk->Freeze();                             // kill -9: nothing that happens from now on reaches the files
//   disk->FreezeAfter(12);                      // the same, after twelve more operations
//   disk->LoseUnsynced(100);                    // power cut: of what was not synced, 100 bytes a file got through, and no name
//
// See LevelDB's and RocksDB's own fault_injection tests. A removal that was not synced is not undone.

#ifndef SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_
#define SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace semel::storage {

// Thread-safe.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // What changes the disk.
  enum class Operation { kNewFile, kAppend, kSync, kSyncDirectory, kRename, kDelete, kTruncate };

  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // The next such call on a file whose name ends so fails, once.
  void FailNextAppend(std::string suffix);
  void FailNextSync(std::string suffix);
  // Of the files below this directory.
  void FailNextBelow(Operation operation, std::string directory);
  // Such a call fails, once, after so many have passed.
  void FailOnce(Operation operation, uint64_t after);
  bool failed() const;  // it has happened

  void Freeze();
  // After so many more operations of any kind.
  void FreezeAfter(uint64_t operations);
  bool frozen() const;
  // Only when frozen, and nothing is open any more. Files and names that were never synced are gone.
  void LoseUnsynced(uint64_t bytes_that_got_through);
  // As LoseUnsynced, but the disk wrote out of order: the files are as long as they were, and of what was not synced every
  // other sector of 512 bytes reads as zeros, the even ones or the odd ones. Names got through.
  void TearUnsynced(bool odd);

  // For the files and directories that it opens.
  rocksdb::IOStatus Admit(const std::string& name, Operation operation);
  void Wrote(const std::string& name, uint64_t size);
  void Synced(const std::string& name, uint64_t size);
  void SyncedDirectory(const std::string& directory);

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& name, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& name, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteDir(const std::string& name, const rocksdb::IOOptions& options,
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
    std::string prefix;
    std::string suffix;
    uint64_t after = 0;
  };
  struct Rename {
    std::string from;
    std::string to;
    std::optional<std::string> replaced;  // what `to` held
  };

  void Expect(Fault fault);
  void UndoNames();

  mutable std::mutex mutex_;
  bool frozen_ = false;
  uint64_t operations_left_ = std::numeric_limits<uint64_t>::max();  // until it freezes
  bool failed_ = false;
  std::optional<Fault> fault_;
  std::map<std::string, Sizes> sizes_;
  std::set<std::string> new_names_;  // since their directory was synced last
  std::vector<Rename> renames_;
};

}  // namespace semel::storage

#endif  // SEMEL_TESTS_STORAGE_FAULTY_FILE_SYSTEM_H_
