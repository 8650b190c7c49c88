#include "storage/rocksdb/verify.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/rocksdb/damage.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/inspection.h"
#include "storage/rocksdb/torn_log.h"
#include "storage/rocksdb/untorn_file_system.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;

uint64_t BytesBelow(const std::string& path) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code vanished;
    if (entry->is_regular_file(vanished)) bytes += entry->file_size(vanished);
  }
  return bytes;
}

std::string Describe(const std::vector<TornLog>& torn) {
  std::vector<std::string> writes;
  for (const TornLog& log : torn) {
    writes.push_back(absl::StrCat("a power cut tore the last write in ", log.path,
                                  ", which nobody was told of: the next start cuts off ", log.torn.size(),
                                  " bytes and keeps them aside"));
  }
  return absl::StrJoin(writes, "; ");
}

}  // namespace

absl::StatusOr<DatabaseReport> Verify(const std::string& data_dir, const TimeSource& time) {
  const absl::StatusOr<DataDirectory> directory = DataDirectory::AcquireStopped(data_dir);
  if (!directory.ok()) return directory.status();
  const std::string path = directory->database_path();
  DatabaseReport report;
  report.disk_bytes = BytesBelow(data_dir);
  if (const absl::Status lengths = CheckLogLengths(path); !lengths.ok()) {
    if (!absl::IsDataLoss(lengths)) return lengths;
    AddFinding(report, std::string(lengths.message()));
    return report;
  }
  const absl::StatusOr<std::vector<TornLog>> torn = FindTornLogs(path);
  if (!torn.ok()) return torn.status();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<UntornFileSystem>(*torn));
  const absl::StatusOr<std::unique_ptr<Database>> database = Database::OpenReadOnly(path, env.get());
  if (!database.ok()) {
    const absl::Status named = NameDamage(database.status(), path);
    if (!absl::IsDataLoss(named)) return named;
    AddFinding(report, std::string(named.message()));
    return report;
  }
  report.torn_write = Describe(*torn);
  if (const absl::Status blobs = CheckBlobFiles(**database); !blobs.ok()) {
    AddFinding(report, std::string(blobs.message()));
  }
  const absl::StatusOr<ClockMark> mark = (*database)->ReadMark();
  const Time told = mark.ok() ? mark->high_water : Time::min();
  Inspection(**database, std::max(told, time.Wall()), report).Run();
  return report;
}

}  // namespace semel::storage
