// A real Semel server in this process, on a storage that outlives it and a time that only the transcript moves.

#ifndef SEMEL_TESTS_SCENARIO_SERVICE_H_
#define SEMEL_TESTS_SCENARIO_SERVICE_H_

#include <grpcpp/channel.h>

#include <functional>
#include <memory>

#include "semel/v1/admin_service.grpc.pb.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "server/engine/committer.h"
#include "server/engine/policy_table.h"
#include "server/rpc/server.h"
#include "storage/storage.h"

namespace semel::scenario {

// What a process finds on its disk when it starts.
using OpenStorage = std::function<absl::StatusOr<std::unique_ptr<storage::Storage>>(const storage::TimeSource&)>;

struct ServiceSettings {
  engine::Policy fallback;
  std::map<std::string, engine::Policy, std::less<>> namespaces;
  engine::Limits limits;
};

class Service {
 public:
  Service(ServiceSettings settings, OpenStorage open_storage);
  ~Service();  // kills what runs

  absl::Status Start();
  void Stop();  // as SIGTERM would: drains, lets calls finish, closes the storage
  void Kill();  // without a goodbye: calls are cut off
  void Drain();
  bool running() const { return process_ != nullptr; }

  // Lets time pass; when it returns, what fell due in a running server has been decided.
  absl::Status Elapse(storage::Duration by);
  void StepWallClock(storage::Duration by) { time_.StepWall(by); }

  // Begins that wait at this moment; may be read at any time while the server runs.
  int64_t waiters() const;
  std::shared_ptr<v1::IdempotencyService::Stub> stub();
  std::shared_ptr<v1::AdminService::Stub> admin_stub();

 private:
  struct Process;

  const engine::PolicyTable policies_;
  const engine::Limits limits_;
  const OpenStorage open_storage_;
  storage::ManualTime time_;
  std::unique_ptr<Process> process_;
};

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_SERVICE_H_
