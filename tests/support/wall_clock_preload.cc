// Loaded into a server before everything else (LD_PRELOAD): its wall clock is what a test says, its monotonic clock is left
// alone. The test and the server share the offset through a file that both have mapped: tests/support/wall_clock.h.
//
// libfaketime would do the same, but ends up in a circle with jemalloc, which asks for the time before there is one.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

std::atomic<int64_t>* MapOffset() {
  const char* path = std::getenv("SEMEL_TEST_WALL_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* page = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return page == MAP_FAILED ? nullptr : static_cast<std::atomic<int64_t>*>(page);
}

// No function-local static: its guard may not be ready when the allocator asks for the time.
std::atomic<std::atomic<int64_t>*> offset{nullptr};

__attribute__((constructor)) void Begin() { offset = MapOffset(); }

void Shift(timespec& time) {
  const std::atomic<int64_t>* micros = offset.load();
  if (micros == nullptr) return;
  int64_t nanos = time.tv_nsec + micros->load() % kMicrosPerSecond * 1000;
  time.tv_sec += micros->load() / kMicrosPerSecond;
  time.tv_sec += nanos < 0 ? -1 : nanos / 1'000'000'000;
  time.tv_nsec = nanos < 0 ? nanos + 1'000'000'000 : nanos % 1'000'000'000;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  const int status = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) Shift(*time);
  return status;
}

extern "C" int gettimeofday(timeval* time, void*) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

extern "C" time_t time(time_t* out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
