// What a namespace's owner decides about its keys.

#ifndef SEMEL_SERVER_ENGINE_POLICY_H_
#define SEMEL_SERVER_ENGINE_POLICY_H_

#include <cstddef>
#include <cstdint>

#include "server/engine/limits.h"

namespace semel::engine {

// What becomes of a key whose owner fell silent (rule 9).
enum class LapsePolicy { kRerun, kInDoubt };

struct Policy {
  Duration lease_default = std::chrono::seconds(30);
  Duration lease_max = std::chrono::hours(1);
  Duration result_retention = std::chrono::hours(24);           // replayed for so long, counted from Complete
  Duration result_retention_max = std::chrono::hours(24 * 90);  // the most that a Complete may ask for
  Duration key_retention = std::chrono::hours(24 * 7);          // remembered for so long, counted from Complete
  LapsePolicy on_lapse = LapsePolicy::kRerun;
  Duration abandoned_retention = std::chrono::hours(24 * 30);  // counted from the lapse of the lease
  uint32_t max_attempts = 0;                                   // 0: no bound; else its failure is final
  size_t max_result_bytes = 1 * kMiB;
  size_t max_checkpoint_bytes = kMaxCheckpointBytes;
  bool require_fingerprint = false;

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_POLICY_H_
