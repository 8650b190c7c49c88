// What the demo counts, and its verdict.

#ifndef SEMEL_CLIENT_DEMO_TALLY_H_
#define SEMEL_CLIENT_DEMO_TALLY_H_

#include <map>
#include <string>
#include <vector>

#include "client/demo/ledger.h"

namespace semel::demo {

struct Tally {
  std::map<std::string, int64_t> asked_for;  // the total of every order, by its id

  int requests = 0;          // received, as recorded
  int asked_again = 0;       // by customers who got no answer
  int replayed = 0;          // answered from the record
  int refused = 0;           // another order under the same number
  int wrongly_accepted = 0;  // ... that was not refused
  int takeovers = 0;         // of attempts that had fallen silent
  int takeovers_found_placed = 0;
  int in_doubt = 0;
  int in_doubt_placed = 0;      // found in the ledger, and completed
  int in_doubt_not_placed = 0;  // not found, released, and then placed
  int fenced = 0;               // writes of owners that had lost their lease, refused by the ledger
  int replies_lost = 0;
  int workers_killed = 0;
  int servers_killed = 0;
  int unanswered = 0;         // requests that never got an answer
  int not_done_in_semel = 0;  // orders whose key is not in state done afterwards
  double seconds = 0;
};

// The table and the verdict, for people.
std::string Table(const Tally& tally, const std::vector<Placement>& ledger);
// Whether every order that was asked for was placed exactly once, as it was asked for.
bool Holds(const Tally& tally, const std::vector<Placement>& ledger);

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_TALLY_H_
