// The operators' door: metrics and probes over plain HTTP, apart from the callers' port.
//
//   /metrics   Prometheus text
//   /livez     200 while the process answers at all
//   /readyz    200, or 503 and why not
//
//   auto admin = AdminHttp::Start("0.0.0.0:7421", {.metrics = [&] { return metrics.Text(); },
//                                                  .not_ready_reason = [&] { return ...; }});

#ifndef SEMEL_SERVER_OPS_ADMIN_HTTP_H_
#define SEMEL_SERVER_OPS_ADMIN_HTTP_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace semel::ops {

class AdminHttp {
 public:
  // What a POST does, by its path: given the query, answers 200, or 400 and why not.
  using Posts = std::map<std::string, std::function<absl::Status(const std::string& query)>, std::less<>>;
  // Called from the server's own threads, several at a time.
  struct Routes {
    std::function<std::string()> metrics;
    std::function<std::optional<std::string>()> not_ready_reason;  // nullopt: ready
    Posts posts;                                                   // none but in tests: see server/test_clock.h
  };

  // Listens when it returns. UNAVAILABLE where the address cannot be had, with the reason.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(const std::string& listen, Routes routes);

  // Stops listening; requests in progress are finished first.
  ~AdminHttp();
  AdminHttp(const AdminHttp&) = delete;
  AdminHttp& operator=(const AdminHttp&) = delete;

  int port() const;

 private:
  class Listener;
  explicit AdminHttp(std::unique_ptr<Listener> listener);

  const std::unique_ptr<Listener> listener_;
};

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_ADMIN_HTTP_H_
