// All that a simulation leaves to chance: the same seed gives the same run on every machine.

#ifndef SEMEL_TESTS_SIMULATION_CHANCE_H_
#define SEMEL_TESTS_SIMULATION_CHANCE_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <random>

#include "storage/time.h"

namespace semel::simulation {

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}

  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  bool Percent(uint64_t of_hundred) { return Below(100) < of_hundred; }

  template <typename T>
  T Among(std::initializer_list<T> choices) {
    return choices.begin()[Below(choices.size())];
  }
  template <typename Container>
  decltype(auto) Any(Container& container) {
    return container[Below(container.size())];
  }

  // 1 us to `longest`, every order of magnitude as likely as the others.
  storage::Duration UpTo(storage::Duration longest) {
    int64_t scale = 1;
    while (scale < longest.count() && !OneIn(6)) scale *= 10;
    return storage::Duration(1 + static_cast<int64_t>(Below(static_cast<uint64_t>(std::min(scale, longest.count())))));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_CHANCE_H_
