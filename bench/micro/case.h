// What is measured, once: timed.cc takes the time of each case, counted.cc has its instructions counted, so that both speak of
// the same work.
//
//   Case{.name = "decide/begin/fresh", .operations = 1, .prepare = [] { return Step([state = ...] { ... }); }}
//
// Preparing checks what the step comes to, and stops the program where that is not what the name says: a case never measures
// an error by mistake.

#ifndef SEMEL_BENCH_MICRO_CASE_H_
#define SEMEL_BENCH_MICRO_CASE_H_

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace semel::bench {

using Step = std::function<void()>;  // may be run any number of times

struct Case {
  std::string name;       // room/what/how
  size_t operations = 1;  // of one step: figures are per operation
  bool counted = true;    // false: with a disk, where instructions are not what it costs
  std::function<Step()> prepare;
};

using Cases = std::vector<Case>;

void AddCodecCases(Cases& cases);
void AddDecideCases(Cases& cases);
void AddRpcCases(Cases& cases);
void AddCommitterCases(Cases& cases);

inline Cases AllCases() {
  Cases cases;
  AddCodecCases(cases);
  AddDecideCases(cases);
  AddRpcCases(cases);
  AddCommitterCases(cases);
  return cases;
}

// The compiler must not leave out the work that `value` came from.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

inline void Expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "a case does not measure what it is named for: %s\n", what);
  std::exit(1);
}

}  // namespace semel::bench

#endif  // SEMEL_BENCH_MICRO_CASE_H_
