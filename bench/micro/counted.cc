// Runs every case that is counted a fixed number of times, for callgrind, which collects inside of SemelCounted alone:
//
//   valgrind --tool=callgrind --toggle-collect=SemelCounted --dump-after=SemelCounted semel_bench_counted FILTER
//
// and leaves one dump for each line that this program says: NAME OPERATIONS.

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "bench/micro/case.h"

namespace {

constexpr size_t kOperations = 4096;  // of each case, so that what is not the same every time evens out

}  // namespace

// Under a name that does not depend on the compiler.
extern "C" __attribute__((noinline)) void SemelCounted(const semel::bench::Step& step, size_t times) {
  for (size_t i = 0; i < times; ++i) step();
}

int main(int argc, char** argv) {
  const std::string_view filter = argc > 1 ? argv[1] : "";
  for (const semel::bench::Case& measured : semel::bench::AllCases()) {
    if (!measured.counted || measured.name.find(filter) == std::string::npos) continue;
    const semel::bench::Step step = measured.prepare();
    step();  // what happens only once: tables, arenas, symbols
    const size_t times = std::max<size_t>(1, kOperations / measured.operations);
    SemelCounted(step, times);
    std::printf("%s %zu\n", measured.name.c_str(), times * measured.operations);
  }
  return 0;
}
