// One way of asking one server: it carries operations and brings them back answered. One thread.
//
//   service->Send(operation);
//   service->Flush();
//   service->Wait(std::chrono::seconds(1), ended);  // `ended` now holds &operation, its items answered or its error set

#ifndef SEMEL_BENCH_LOAD_SERVICE_H_
#define SEMEL_BENCH_LOAD_SERVICE_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/load/operation.h"

namespace semel::bench {

class Service {
 public:
  virtual ~Service() = default;
  // Takes an operation until it comes out of Wait.
  virtual void Send(Operation& operation) = 0;
  // Whatever was sent leaves now; what is sent between two flushes may share a message.
  virtual void Flush() {}
  // Adds the operations that ended to `ended`: at least one, or none when the patience is over.
  virtual void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) = 0;
  // When all operations have ended. An error: the server did not part in good order.
  [[nodiscard]] virtual absl::Status Close() { return absl::OkStatus(); }
};

struct Destination {
  std::string address;  // HOST:PORT
  std::string ns;       // namespace of the keys, where the server knows namespaces
  size_t callers = 1;   // how many operations may be in flight
  size_t keys_per_call = 1;
  size_t connections = 0;  // that they share; 0: as many as suit the server best
  size_t pipeline = 1;     // Redis: callers to a connection
};

using Connector = absl::StatusOr<std::unique_ptr<Service>> (*)(const Destination&);

// An echo of the operation's result.
absl::StatusOr<std::unique_ptr<Service>> ConnectEcho(const Destination& destination);
// A unary call for each operation; batch calls for those of many keys.
absl::StatusOr<std::unique_ptr<Service>> ConnectSemelUnary(const Destination& destination);
// One Session stream: what waits while a message is being written shares the next one.
absl::StatusOr<std::unique_ptr<Service>> ConnectSemelStream(const Destination& destination);
// The C++ library with the transport that it chooses: a thread for each caller.
absl::StatusOr<std::unique_ptr<Service>> ConnectSemelClient(const Destination& destination);
// Scripts of redis_scripts.h.
absl::StatusOr<std::unique_ptr<Service>> ConnectRedis(const Destination& destination);
// Statements of postgresql_statements.h, one under way on each connection.
absl::StatusOr<std::unique_ptr<Service>> ConnectPostgreSql(const Destination& destination);
// A transaction for each operation.
absl::StatusOr<std::unique_ptr<Service>> ConnectEtcd(const Destination& destination);

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_SERVICE_H_
