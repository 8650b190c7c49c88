// A client under load: calls until the server is gone, and remembers what was acknowledged.

#ifndef SEMEL_TESTS_CRASH_WORKER_H_
#define SEMEL_TESTS_CRASH_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "tests/crash/contest.h"
#include "tests/crash/testimony.h"
#include "tests/support/caller.h"

namespace semel::crash {

class Worker {
 public:
  // `stopping`: whether the server was asked to stop.
  Worker(int id, uint64_t seed, Contest& contest, const std::atomic<bool>& stopping)
      : id_(id), random_(seed), contest_(contest), stopping_(stopping) {}

  // Returns when a call fails because the server is gone. `acknowledged` hears of every answer.
  void Run(const support::Caller& caller, const std::function<void()>& acknowledged);

  std::vector<Testimony>& testimonies() { return testimonies_; }

 private:
  bool UseOwnKey(const support::Caller& caller, const std::function<void()>& acknowledged);
  bool UseContestedKey(const support::Caller& caller, const std::function<void()>& acknowledged);
  bool Step(const support::Caller& caller, Testimony& testimony, Testimony::Unanswered call);
  bool IsGone(const grpc::Status& status) const;
  bool Chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::string Bytes();

  const int id_;
  std::mt19937_64 random_;
  Contest& contest_;
  const std::atomic<bool>& stopping_;
  int next_key_ = 0;
  std::vector<Testimony> testimonies_;
};

}  // namespace semel::crash

#endif  // SEMEL_TESTS_CRASH_WORKER_H_
