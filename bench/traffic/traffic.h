// What real callers do, many of them side by side: fresh keys, replays of hot ones, duplicates that wait, failures that are tried
// again, owners that fall silent and are taken over. Every answer is held against what the key's story says it must be.

#ifndef SEMEL_BENCH_TRAFFIC_TRAFFIC_H_
#define SEMEL_BENCH_TRAFFIC_TRAFFIC_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/traffic/story.h"
#include "bench/traffic/tally.h"
#include "bench/traffic/wire.h"

namespace semel::bench {

class Traffic {
 public:
  Traffic(Wire& wire, Tally& tally, std::string ns, const Shares& shares);

  // Sends what comes first in the round of one more caller.
  void StartCaller();
  // From now on a caller that has ended its round starts no other.
  void Stop() { stopping_ = true; }
  // Callers whose round is under way.
  size_t callers() const { return callers_; }

 private:
  using Next = std::function<void()>;

  // An attempt that the generator owns.
  struct Attempt {
    Story story;
    int64_t token = 0;
    int32_t number = 1;
  };
  struct Silent {
    Attempt attempt;
    SteadyClock::time_point lapsed;  // not earlier than on the server
  };

  void StartRound();
  void EndRound();

  void BeginFresh();
  void Race(const Story& story);
  void Replay();
  void Own(const Attempt& attempt);

  // The fates of a key.
  void LetDuplicatesWait(const Attempt& attempt);
  void FailForGood(const Attempt& attempt);
  void FailAndRetry(const Attempt& attempt);
  void TakeOver(const Attempt& silent);
  void SendStaleComplete(const Attempt& silent);

  void BeginNext(std::string_view kind, const Attempt& before, v1::Previous previous,
                 std::function<void(const Attempt&)> then);
  void CompleteWithResult(const Attempt& attempt, Next next);
  void Fail(const Attempt& attempt, bool retryable, Next next);
  void ExpectOutcome(std::string_view kind, const Story& story, std::chrono::milliseconds wait, Next next);
  void Settle(const Story& story);  // its round is over, and it may be replayed from now on

  v1::BeginRequest BeginOf(const Story& story, std::chrono::milliseconds lease, std::chrono::milliseconds wait);
  v1::CompleteRequest CompleteOf(const Attempt& attempt);
  unsigned OfThousand() { return static_cast<unsigned>(chance_() % 1000); }
  Story PickSettled();
  // Counts a check. Where it does not hold that is an error, and the round goes no further.
  bool Check(bool holds, std::string_view what, const grpc::Status& status, const google::protobuf::Message& response);

  Wire& wire_;
  Tally& tally_;
  const std::string namespace_;
  const Shares shares_;
  std::mt19937_64 chance_;
  uint64_t next_story_;
  std::vector<uint64_t> settled_;  // stories that may be replayed, oldest first
  std::deque<Silent> silent_;      // in the order in which their leases lapse
  size_t callers_ = 0;
  bool stopping_ = false;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_TRAFFIC_TRAFFIC_H_
