// What a namespace's owner decides about its keys.

#ifndef SEMEL_SERVER_ENGINE_POLICY_H_
#define SEMEL_SERVER_ENGINE_POLICY_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>

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
};

// Policies by namespace; the default for all that are not named. Immutable, cheap to read from any thread.
class PolicyTable {
 public:
  // The label under which namespaces outside the configuration are counted together: not a valid namespace.
  static constexpr std::string_view kOtherLabel = "(other)";

  struct Entry {
    std::string label;  // for metrics
    size_t index = 0;   // dense, 0 is "(other)"
    Policy policy;
  };

  explicit PolicyTable(Policy fallback = {}, std::map<std::string, Policy, std::less<>> named = {}) {
    fallback_.label = kOtherLabel;
    fallback_.policy = std::move(fallback);
    size_t index = 0;
    for (auto& [name, policy] : named) named_[name] = Entry{name, ++index, std::move(policy)};
  }

  const Entry& For(std::string_view ns) const {
    auto it = named_.find(ns);
    return it == named_.end() ? fallback_ : it->second;
  }
  size_t size() const { return named_.size() + 1; }
  const std::map<std::string, Entry, std::less<>>& named() const { return named_; }
  const Entry& fallback() const { return fallback_; }

 private:
  Entry fallback_;
  std::map<std::string, Entry, std::less<>> named_;
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_POLICY_H_
