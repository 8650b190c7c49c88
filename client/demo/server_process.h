// A semeld of our own: started on a free port, killed, and started again on the same data.

#ifndef SEMEL_CLIENT_DEMO_SERVER_PROCESS_H_
#define SEMEL_CLIENT_DEMO_SERVER_PROCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/demo/child_process.h"

namespace semel::demo {

// Not thread-safe.
class ServerProcess {
 public:
  // Starts `semeld` on `directory`/data and returns when it serves. Its log goes to `directory`/semeld.log.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::string& semeld, const std::string& directory,
                                                              const std::vector<std::string>& more_arguments = {});

  const std::string& address() const { return address_; }
  // Where it tells its metrics, over HTTP.
  const std::string& admin_address() const { return admin_address_; }
  void Kill() { process_->Kill(); }
  ChildProcess& process() { return *process_; }

 private:
  ServerProcess(std::unique_ptr<ChildProcess> process, std::string address, std::string admin_address)
      : process_(std::move(process)), address_(std::move(address)), admin_address_(std::move(admin_address)) {}

  const std::unique_ptr<ChildProcess> process_;
  const std::string address_;
  const std::string admin_address_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_SERVER_PROCESS_H_
