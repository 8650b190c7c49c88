// Two threads write one value; the lock that one of them holds is not the other's.

#include <thread>

#include "absl/synchronization/mutex.h"

int main() {
  absl::Mutex first, second;
  int value = 0;
  std::thread writer([&] {
    absl::MutexLock lock(&first);
    value = 1;
  });
  {
    absl::MutexLock lock(&second);
    value = 2;
  }
  writer.join();
  return value == 0;
}
