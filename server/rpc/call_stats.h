// What became of calls, by method: counted where the answer is handed to gRPC.

#ifndef SEMEL_SERVER_RPC_CALL_STATS_H_
#define SEMEL_SERVER_RPC_CALL_STATS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/engine/reply.h"
#include "server/engine/stats.h"

namespace semel::rpc {

inline constexpr size_t kGrpcCodes = 17;  // grpc::StatusCode, OK to UNAUTHENTICATED

struct MethodStats {
  std::string_view method;
  std::array<engine::Counter, kGrpcCodes> by_code;
  engine::LatencyHistogram latency_micros{50};  // from arrival to answer, waiting included

  void Ended(int code, std::chrono::steady_clock::time_point arrival) {
    by_code[static_cast<size_t>(code)].Add();
    const auto took = std::chrono::steady_clock::now() - arrival;
    latency_micros.Observe(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
};

// First those of IdempotencyService, then those of AdminService.
inline constexpr std::array<std::string_view, 15> kMethods = {
    "Begin",      "Complete", "Lookup",   "Renew",      "Release",   "Checkpoint", "BatchBegin",  "BatchComplete",
    "BatchRenew", "Session",  "ListKeys", "ResolveKey", "DeleteKey", "GetStats",   "CreateBackup"};
inline constexpr size_t kSessionMethod = 9;
inline constexpr size_t kFirstAdminMethod = 10;

// Calls that arrived and whose answer has not left yet, waiters included. Thread-safe.
class InFlight {
 public:
  void Add() { count_.fetch_add(1); }
  void Remove() {
    if (count_.fetch_sub(1) == 1) count_.notify_all();
  }
  int64_t value() const { return count_.load(std::memory_order_relaxed); }
  void AwaitNone() const {
    for (int64_t count = count_.load(); count != 0; count = count_.load()) count_.wait(count);
  }

 private:
  std::atomic<int64_t> count_{0};
};

// What was refused, and why: calls, items of batches and operations of Sessions alike. Counted where the refusal is put on the
// wire. Thread-safe.
class RefusalStats {
 public:
  void Count(engine::Reason reason) { by_reason_[static_cast<size_t>(reason)].Add(); }
  uint64_t of(engine::Reason reason) const { return by_reason_[static_cast<size_t>(reason)].value(); }

 private:
  std::array<engine::Counter, engine::kReasons> by_reason_;
};

struct SessionStats {
  InFlight open;              // streams
  engine::Counter requests;   // messages, each of many operations
  engine::Counter responses;  // messages, each of many answers
};

struct CallStats {
  CallStats() {
    for (size_t i = 0; i < kMethods.size(); ++i) methods[i].method = kMethods[i];
  }

  std::array<MethodStats, kMethods.size()> methods;
  InFlight live;  // operations of Sessions too
  SessionStats sessions;
  RefusalStats refusals;
  engine::Gauge held_bytes;  // of their requests and answers
  engine::Counter connections_turned_away;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_CALL_STATS_H_
