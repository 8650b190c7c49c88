#include "tests/crash/contest.h"

#include <gtest/gtest.h>

namespace semel::crash {

Contest::Contest(size_t keys) : keys_(keys) {}

int64_t Contest::LastToken(size_t index) const {
  absl::MutexLock lock(&mutex_);
  return keys_[index].token;
}

void Contest::Acquired(size_t index, int64_t before, int64_t token, Instant sent, Instant::duration lease) {
  const Instant now = std::chrono::steady_clock::now();
  absl::MutexLock lock(&mutex_);
  Owner& owner = keys_[index];
  EXPECT_GT(token, before) << KeyName(index) << ": a token went backwards";
  // Two answers may cross on their way to their threads: only the later token's owner is the owner.
  if (token <= owner.token) return;
  EXPECT_TRUE(!owner.claims || now >= owner.lease_end) << KeyName(index) << ": two live owners";
  owner = {.token = token, .lease_end = sent + lease, .claims = true};
}

void Contest::GivesUp(size_t index, int64_t token) {
  absl::MutexLock lock(&mutex_);
  if (keys_[index].token == token) keys_[index].claims = false;
}

}  // namespace semel::crash
