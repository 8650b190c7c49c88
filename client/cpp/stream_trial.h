// Whether streams come through to the server, as far as is known: what Transport::kAuto goes by.
//
// Where a stream does not open while calls of their own are answered, something on the way does not take streams. It is left alone for
// a while then, longer each time. Where calls are not answered either, nothing is learned.

#ifndef SEMEL_CLIENT_CPP_STREAM_TRIAL_H_
#define SEMEL_CLIENT_CPP_STREAM_TRIAL_H_

#include <chrono>
#include <mutex>

#include "client/cpp/session_stream.h"

namespace semel {

// Thread-safe.
class StreamTrial {
 public:
  using SteadyTime = SessionStream::SteadyTime;

  static constexpr Duration kFirstRest = std::chrono::minutes(5);
  static constexpr Duration kLongestRest = std::chrono::hours(1);
  // "Unavailable" may pass, and often comes with a restart of the server: only so many in a row count as a refusal.
  static constexpr int kUnavailableInARow = 5;

  // Whether to open a stream now.
  bool MayOpen(SteadyTime now) const;
  // A call of its own that began then was answered.
  void CallAnswered(SteadyTime began);
  void StreamEnded(const SessionStream::End& end, SteadyTime now);

 private:
  bool Refused(const SessionStream::End& end);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  SteadyTime rests_until_;
  Duration next_rest_ = kFirstRest;
  SteadyTime answered_;  // when the latest answered call began
  int unavailable_ = 0;  // in a row
};

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_STREAM_TRIAL_H_
