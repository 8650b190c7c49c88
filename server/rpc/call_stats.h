// What became of calls, by method: counted where the answer is handed to gRPC.

#ifndef SEMEL_SERVER_RPC_CALL_STATS_H_
#define SEMEL_SERVER_RPC_CALL_STATS_H_

#include <array>
#include <cstddef>
#include <string_view>

#include "server/engine/stats.h"

namespace semel::rpc {

inline constexpr size_t kGrpcCodes = 17;  // grpc::StatusCode, OK to UNAUTHENTICATED

struct MethodStats {
  std::string_view method;
  std::array<engine::Counter, kGrpcCodes> by_code;
  engine::LatencyHistogram latency_micros{50};  // from arrival to answer, waiting included
};

inline constexpr std::array<std::string_view, 9> kMethods = {
    "Begin", "Complete", "Lookup", "Renew", "Release", "Checkpoint", "BatchBegin", "BatchComplete", "BatchRenew"};

struct CallStats {
  CallStats() {
    for (size_t i = 0; i < kMethods.size(); ++i) methods[i].method = kMethods[i];
  }

  std::array<MethodStats, kMethods.size()> methods;
  engine::Gauge live;  // accepted and not yet answered, waiters included
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_CALL_STATS_H_
