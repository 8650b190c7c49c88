// What a process holds in memory.

#ifndef SEMEL_TESTS_HARDSHIP_RESIDENT_MEMORY_H_
#define SEMEL_TESTS_HARDSHIP_RESIDENT_MEMORY_H_

#include <cstdint>

#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::hardship {

inline constexpr double kMiB = 1024 * 1024;

// A sanitizer keeps freed memory for itself: its figures say nothing of the server's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryIsMeasurable = false;
#else
inline constexpr bool kMemoryIsMeasurable = true;
#endif

inline double ResidentMiB(const support::Semeld& semeld) {
  return support::Scrape(semeld.Get("/metrics").body)["semel_process_resident_memory_bytes"] / kMiB;
}

}  // namespace semel::hardship

#endif  // SEMEL_TESTS_HARDSHIP_RESIDENT_MEMORY_H_
