// What must be true whatever the rules in detail are, checked on the answers alone, as the callers of the service saw them:
//
//  - a key has at most one live owner, and whoever acts as its owner is;
//  - tokens of a key grow, for ever: also after release, deletion, expiry and restarts;
//  - an acknowledged outcome is what every later Begin hears, until its retention is over;
//  - where silence means doubt, nobody runs again before an operator said so;
//  - nothing finished, deleted or expired comes back, and nobody is told of an owner who is none.

#ifndef SEMEL_TESTS_SIMULATION_LEDGER_H_
#define SEMEL_TESTS_SIMULATION_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/simulation/call.h"
#include "tests/simulation/key_model.h"

namespace semel::simulation {

class Ledger {
 public:
  // An answer, in the order of decisions. Returns "" or which promise it breaks.
  [[nodiscard]] std::string Note(const Call& call, const Reply& reply, Time now);

  // A commit on `key` failed: until something definite is heard, its owner and outcome are unknown.
  void Uncertain(const storage::Key& key) {
    pages_[key] = {.highest_token = pages_[key].highest_token, .certain = false};
  }

  // The process ended at `end`, as its own clock had it: leases that were live then run for their full length from `boot`.
  // Those that lapsed after `last_alive`, of which alone the next process can know, may do so.
  void Restart(Time last_alive, Time end, Time boot);

  int64_t HighestToken(const storage::Key& key) { return pages_[key].highest_token; }

 private:
  struct Owner {
    int64_t token = 0;
    AttemptId attempt_id{};
    Duration lease{};
    Time until{};        // its lease is live
    Time until_maybe{};  // its lease may be live
    uint32_t attempt = 0;
    bool silence_means_doubt = false;
  };
  struct Settled {
    int64_t token = 0;
    Outcome outcome;
    Time heard_until{};
    Time remembered_until{};
    std::optional<Time> runs_again;  // a retryable failure
  };
  struct Page {
    int64_t highest_token = 0;
    bool certain = true;  // the two below are all there is
    std::optional<Owner> owner;
    std::optional<Settled> settled;
  };

  class Entry;  // one answer on its way into a page

  std::map<storage::Key, Page> pages_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_LEDGER_H_
