// A real Semel server in this process, on storage that outlives it and a time that only the test moves.

#ifndef SEMEL_TESTS_SUPPORT_LOCAL_SERVER_H_
#define SEMEL_TESTS_SUPPORT_LOCAL_SERVER_H_

#include <grpcpp/channel.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/committer.h"
#include "server/engine/limits.h"
#include "server/engine/policy_table.h"
#include "server/rpc/server.h"
#include "storage/clock.h"
#include "storage/storage.h"

namespace semel::support {

// What a process finds on its disk when it starts.
using OpenStorage = std::function<absl::StatusOr<std::unique_ptr<storage::Storage>>(const storage::TimeSource&)>;

OpenStorage InMemory();                                // on one MemoryDisk
OpenStorage InDirectory(const std::string& data_dir);  // RocksDB

class LocalServer {
 public:
  struct Options {
    engine::Policy policy;
    std::map<std::string, engine::Policy, std::less<>> namespaces;
    engine::Limits limits;
    int polling_threads = 1;
    rpc::AdminOptions admin;
  };

  LocalServer(Options options, OpenStorage open_storage);
  ~LocalServer();  // kills what runs

  absl::Status Start();
  void Stop();  // as SIGTERM would: drains, lets calls finish, closes the storage
  void Kill();  // without a goodbye: calls are cut off
  bool running() const { return process_ != nullptr; }

  // Lets time pass; when it returns, what fell due in a running server has been decided.
  absl::Status Elapse(storage::Duration by);
  storage::ManualTime& time() { return time_; }

  // Of the process that runs.
  rpc::Server& server();
  storage::Storage& storage();
  const engine::EngineStats& engine_stats() const;
  const rpc::CallStats& call_stats() const;
  const std::shared_ptr<grpc::Channel>& channel() const;  // the same until it ends
  std::shared_ptr<grpc::Channel> NewChannel() const;      // with a connection of its own
  int64_t waiters() const { return engine_stats().waiters.value(); }

 private:
  struct Process;

  const Options options_;
  const engine::PolicyTable policies_;
  const OpenStorage open_storage_;
  storage::ManualTime time_;
  std::unique_ptr<Process> process_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_LOCAL_SERVER_H_
