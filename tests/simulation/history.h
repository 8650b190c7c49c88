// What happened lately, for whoever has to find out why a step went wrong.

#ifndef SEMEL_TESTS_SIMULATION_HISTORY_H_
#define SEMEL_TESTS_SIMULATION_HISTORY_H_

#include <cstdint>
#include <deque>
#include <string>

#include "tests/simulation/call.h"

namespace semel::simulation {

class History {
 public:
  void Note(int64_t step, storage::Time now, const Call& call);  // as it was answered, or that it waits
  void Note(int64_t step, storage::Time now, const char* what);  // concerns every key

  // The last events that concern `key`, oldest first, a line each.
  std::string Tell(const storage::Key& key) const;

 private:
  struct Event {
    int64_t step = 0;
    storage::Time now{};
    storage::Key key;  // empty: every key
    const char* what = nullptr;
    int64_t call = 0;
    size_t client = 0;
    engine::Request request;
    std::optional<engine::Reply> answer;
  };

  void Add(Event event);

  std::deque<Event> events_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_HISTORY_H_
