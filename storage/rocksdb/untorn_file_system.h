// The files of a database as they will be once torn logs were cut (torn_log.h), without cutting it.

#ifndef SEMEL_STORAGE_ROCKSDB_UNTORN_FILE_SYSTEM_H_
#define SEMEL_STORAGE_ROCKSDB_UNTORN_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/rocksdb/torn_log.h"

namespace semel::storage {

class UntornFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit UntornFileSystem(std::vector<TornLog> torn)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), torn_(std::move(torn)) {}

  // Logs and the MANIFEST are read in no other way.
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewSequentialFile(name, options, file, debug);
    std::error_code error;
    for (const TornLog& torn : torn_) {
      if (!status.ok() || !std::filesystem::equivalent(name, torn.path, error)) continue;
      *file = std::make_unique<Beginning>(std::move(*file), torn.sound_bytes);
    }
    return status;
  }
  const char* Name() const override { return "semel.UntornFileSystem"; }

 private:
  class Beginning final : public rocksdb::FSSequentialFileOwnerWrapper {
   public:
    Beginning(std::unique_ptr<rocksdb::FSSequentialFile> file, size_t bytes)
        : FSSequentialFileOwnerWrapper(std::move(file)), left_(bytes) {}
    rocksdb::IOStatus Read(size_t bytes, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* buffer,
                           rocksdb::IODebugContext* debug) override {
      rocksdb::IOStatus status = target()->Read(std::min(bytes, left_), options, result, buffer, debug);
      if (status.ok()) left_ -= result->size();
      return status;
    }

   private:
    size_t left_;
  };

  const std::vector<TornLog> torn_;
};

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_ROCKSDB_UNTORN_FILE_SYSTEM_H_
