// What a Client is made of.

#ifndef SEMEL_CLIENT_CPP_CLIENT_CORE_H_
#define SEMEL_CLIENT_CPP_CLIENT_CORE_H_

#include <string>
#include <string_view>

#include "client/cpp/connection.h"
#include "client/cpp/lease_keeper.h"
#include "semel/client.h"

namespace semel {

// More than any namespace may allow (protocol: never above 3 MiB), and about as much as a message carries.
inline constexpr size_t kMaxResultBytes = size_t{3} * 1024 * 1024;

struct Client::Core {
  explicit Core(ClientOptions complete_options);

  CallBudget budget(Duration wait = {}) const { return {options.call_timeout + wait, options.try_timeout + wait}; }

  const ClientOptions options;
  Connection connection;
  LeaseKeeper keeper;  // last: its thread uses the connection
};

// How a call is named in errors.
std::string Naming(const std::string& call, std::string_view key);

// The items of a BatchRenew, in order.
absl::StatusOr<LeaseKeeper::Renewed> ToRenewed(const v1::BatchRenewResponse& response, size_t expected);

v1::BatchRenewRequest ToWire(const std::vector<RenewRequest>& requests, const ClientOptions& options);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_CLIENT_CORE_H_
