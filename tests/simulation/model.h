// The reference: every key, who waits for it, and what one run of the committer must answer, in which order.
//
//   for (const Model::Verdict& verdict : model.Run(now, calls)) ...  // exactly these calls are answered, and so
//
// Tokens are not foretold: a new attempt's token is a negative number of its own until Learn tells which one it got.

#ifndef SEMEL_TESTS_SIMULATION_MODEL_H_
#define SEMEL_TESTS_SIMULATION_MODEL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/limits.h"
#include "tests/simulation/call.h"
#include "tests/simulation/key_model.h"

namespace semel::simulation {

using storage::Key;

class Model {
 public:
  struct Verdict {
    Call* call = nullptr;
    Reply reply;
  };

  explicit Model(const engine::Limits& limits) : limits_(limits) {}

  std::vector<Verdict> Run(Time now, const std::vector<Call*>& calls);
  std::vector<Verdict> Drain(Time now);
  bool Cancel(const Call* call);
  void Maintain(Time now);
  void Learn(int64_t symbol, int64_t token);

  // The process is gone, and with it all who waited. The next one knows that the one before lived until `last_alive`.
  void Restart(Time last_alive, Time boot);

  const std::map<Key, KeyModel>& keys() const { return keys_; }
  const KeyModel& Get(const Key& key) { return keys_[key]; }
  size_t CountOpen() const;

  size_t CountWaiters() const;
  std::vector<Call*> Waiters() const;
  // Empty, or what is wrong with who still waits: nobody may wait for a key that is not owned.
  std::string CheckWaiters(Time now) const;
  std::optional<Time> NextDue() const;

 private:
  struct Waiter {
    Call* call = nullptr;
    Time until{};
  };
  using Queue = std::deque<Waiter>;

  void StartBatch(Time now);
  Reply Decide(Call& call);
  void Serve(Call& call);
  void ServeNow(Call& call);
  void Wake(const Key& key);
  bool Park(Call& call);
  std::vector<Call*> Take(bool all);

  engine::Limits limits_;
  std::map<Key, KeyModel> keys_;
  std::map<Key, Queue> queues_;
  bool draining_ = false;
  int64_t last_symbol_ = 0;

  // Of the batch under way.
  Time now_{};
  size_t open_ = 0;  // keys that were open at its start, and those that it opened
  bool changed_ = false;
  std::vector<Verdict> verdicts_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_MODEL_H_
