#include "tests/support/wall_clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

namespace semel::support {

WallClock::WallClock(const TemporaryDirectory& directory) : file_(directory / "wall-clock") {
  const int file = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof(int64_t)) != 0) std::abort();
  void* page = mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page == MAP_FAILED) std::abort();
  micros_ = new (page) std::atomic<int64_t>(0);
}

WallClock::~WallClock() { munmap(micros_, sizeof(int64_t)); }

std::vector<std::string> WallClock::environment() const {
  // AddressSanitizer wants to be loaded first, and can live with coming second.
  const char* asan = std::getenv("ASAN_OPTIONS");
  return {"LD_PRELOAD=" SEMEL_WALL_CLOCK_PRELOAD, "SEMEL_TEST_WALL_CLOCK=" + file_,
          std::string("ASAN_OPTIONS=") + (asan == nullptr ? "" : asan) + ":verify_asan_link_order=0"};
}

}  // namespace semel::support
