// A well-behaved caller beside whatever the test does: one key after the other, begun and completed. All of its calls must
// succeed.

#ifndef SEMEL_TESTS_HARDSHIP_STEADY_CALLER_H_
#define SEMEL_TESTS_HARDSHIP_STEADY_CALLER_H_

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/semeld.h"

namespace semel::hardship {

class SteadyCaller {
 public:
  explicit SteadyCaller(const support::Semeld& semeld) : caller_(semeld.NewChannel()), thread_([this] { Work(); }) {}
  ~SteadyCaller() {
    over_ = true;
    thread_.join();
  }

  int served() const { return served_; }
  // It got through `more` times from now on. False: it hangs, or failed.
  bool AwaitServed(int more = 5) const {
    const int enough = served_ + more;
    return support::Eventually([&] { return served_ >= enough || failed_; }) && !failed_;
  }

 private:
  void Work() {
    while (!over_ && !failed_) {
      const std::string key = absl::StrCat("steady-", served_.load());
      const auto begun = caller_.Call(support::BeginOf(key));
      EXPECT_TRUE(begun->has_acquired()) << begun.error();
      const auto completed = caller_.Call(support::ResultOf(key, begun->acquired().token()));
      EXPECT_TRUE(completed.ok()) << completed.error();
      failed_ = !completed.ok();
      ++served_;
    }
  }

  const support::Caller caller_;
  std::atomic<int> served_ = 0;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace semel::hardship

#endif  // SEMEL_TESTS_HARDSHIP_STEADY_CALLER_H_
