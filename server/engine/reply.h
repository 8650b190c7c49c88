// What callers are told, as plain values. A refusal is a reply too: only failing machinery is an absl::Status.

#ifndef SEMEL_SERVER_ENGINE_REPLY_H_
#define SEMEL_SERVER_ENGINE_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/engine/request.h"

namespace semel::engine {

struct Acquired {
  int64_t token = 0;
  uint32_t attempt = 0;
  Duration lease{};
  Previous previous = Previous::kNone;
  std::string checkpoint;
};

struct Done {
  storage::Result result;
  Time complete_time{};
  Time expire_time{};
};

struct Failed {
  storage::Failure failure;
  std::optional<Duration> retry_after;  // nullopt: final
  uint32_t attempt = 0;
};

struct InProgress {
  std::string owner;
  uint32_t attempt = 0;
  Duration lease_remaining{};
};

struct InDoubt {
  std::string owner;
  Time since{};
  std::string checkpoint;
};

struct Expired {
  Time complete_time{};
};

struct Completed {
  State state = State::kDone;
  Time expire_time{};
  bool already_applied = false;
  bool made_final = false;  // a retryable failure, by max_attempts
};

// What Lookup shows. EXPIRED is not stored, it is what time makes of DONE and FAILED.
enum class VisibleState { kInProgress, kInDoubt, kDone, kFailed, kExpired };
struct Found {
  VisibleState state{};
  Duration lease_remaining{};
  Record record;
};
struct NotFound {};

struct Renewed {
  Duration lease{};
};
struct Released {};
struct Checkpointed {
  Duration lease_remaining{};
};
struct Resolved {
  State state = State::kVacant;  // kDone, kFailed, or kVacant: free for another attempt
  Time expire_time{};            // until when the outcome is replayed
  bool already_applied = false;
};
struct Deleted {
  VisibleState state{};  // in which the key was
};

// Why a request was refused. Codes, texts of the wire and whether waiting helps: server/rpc/errors.cc.
enum class Reason {
  kFieldInvalid,
  kResultTooLarge,
  kBatchTooLarge,
  kKeyNotFound,
  kFingerprintMismatch,
  kOutcomeConflict,
  kNotInProgress,
  kNotInDoubt,
  kTokenStale,
  kOverloaded,
  kDraining,
  kStorageFailed,
  kDeadlineExceeded,
  kCancelled,
  kAdminForbidden,
  kBackupNotConfigured,
  kBackupRunning,
  kBackupFailed,
};
inline constexpr size_t kReasons = static_cast<size_t>(Reason::kBackupFailed) + 1;

struct Violation {
  std::string field;        // path, for example result.content_type
  std::string description;  // the rule, and what came instead
};

struct Refusal {
  Reason reason{};
  std::string message;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<Violation> violations;
};

using Reply = std::variant<Acquired, Done, Failed, InProgress, InDoubt, Expired, Completed, Found, NotFound, Renewed,
                           Released, Checkpointed, Resolved, Deleted, Refusal>;

// Of a stored result that is replayed: what such an answer weighs. Nothing changes where it is not given.
inline size_t PayloadBytes(const Reply& reply) {
  if (const auto* done = std::get_if<Done>(&reply)) return done->result.payload.size();
  const auto* found = std::get_if<Found>(&reply);
  const auto* result = found == nullptr ? nullptr : std::get_if<storage::Result>(&found->record.outcome);
  return result == nullptr ? 0 : result->payload.size();
}

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_REPLY_H_
