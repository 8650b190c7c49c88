// Properly synchronised through each of Abseil's primitives: ThreadSanitizer must have nothing to say (it fails the program).

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace semel {
namespace {

constexpr int kTurns = 10'000;

TEST(AbseilUnderTsan, MutexOrdersWhatItGuards) {
  absl::Mutex mutex;
  int count = 0;
  auto add = [&] {
    for (int i = 0; i < kTurns; ++i) {
      absl::MutexLock lock(&mutex);
      ++count;
    }
  };
  std::thread first(add), second(add);
  first.join();
  second.join();
  EXPECT_EQ(count, 2 * kTurns);
}

TEST(AbseilUnderTsan, ConditionsAreEvaluatedUnderTheLock) {
  absl::Mutex mutex;
  std::vector<int> queue;
  auto filled = [&] { return !queue.empty(); };
  auto drained = [&] { return queue.empty(); };
  std::thread producer([&] {
    for (int i = 0; i < kTurns; ++i) {
      absl::MutexLock lock(&mutex);
      mutex.Await(absl::Condition(&drained));
      queue.push_back(i);
    }
  });
  for (int i = 0; i < kTurns; ++i) {
    absl::MutexLock lock(&mutex, absl::Condition(&filled));
    EXPECT_EQ(queue.back(), i);
    queue.clear();
  }
  producer.join();
}

TEST(AbseilUnderTsan, CondVarGivesTheLockUpAndTakesItAgain) {
  absl::Mutex mutex;
  absl::CondVar changed;
  int turn = 0;
  auto play = [&](int remainder) {
    absl::MutexLock lock(&mutex);
    while (turn < kTurns) {
      if (turn % 2 == remainder) {
        ++turn;
        changed.Signal();
      } else {
        changed.Wait(&mutex);
      }
    }
    changed.Signal();
  };
  std::thread even([&] { play(0); }), odd([&] { play(1); });
  even.join();
  odd.join();
  EXPECT_EQ(turn, kTurns);
}

TEST(AbseilUnderTsan, NotificationHandsOver) {
  absl::Notification notification;
  int value = 0;
  std::thread sender([&] {
    value = 1;
    notification.Notify();
  });
  notification.WaitForNotification();
  EXPECT_EQ(value, 1);
  sender.join();
}

TEST(AbseilUnderTsan, NotificationMayBePolled) {
  absl::Notification notification;
  int value = 0;
  std::thread sender([&] {
    value = 1;
    notification.Notify();
  });
  while (!notification.HasBeenNotified()) std::this_thread::yield();
  EXPECT_EQ(value, 1);
  sender.join();
}

TEST(AbseilUnderTsan, BlockingCounterGathers) {
  absl::BlockingCounter counter(2);
  int values[2] = {};
  std::thread first([&] {
    values[0] = 1;
    counter.DecrementCount();
  });
  std::thread second([&] {
    values[1] = 1;
    counter.DecrementCount();
  });
  counter.Wait();
  EXPECT_EQ(values[0] + values[1], 2);
  first.join();
  second.join();
}

}  // namespace
}  // namespace semel
