// What one of the many simultaneous callers does, over and over: a flow is a short conversation, one call in flight at a time.

#ifndef SEMEL_BENCH_LOAD_FLOWS_H_
#define SEMEL_BENCH_LOAD_FLOWS_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "bench/load/recorder.h"

namespace semel::bench {

class Flow {
 public:
  virtual ~Flow() = default;
  // Sends the first call of a new round. The flow itself is the tag of its calls.
  virtual void Start() = 0;
  // The call in flight has ended: records it and sends the next one. False: that was the last one of the round.
  virtual bool Continue(Recorder& recorder) = 0;
  // Begin + Complete pairs in one round.
  virtual uint64_t pairs() const = 0;
};

// Random bytes and keys, different in every run. Fast rather than unpredictable.
class Randomness {
 public:
  Randomness();
  void Fill(std::string& bytes, size_t size);
  // 36 characters, in the form of a UUID.
  std::string Key();

 private:
  std::mt19937_64 engine_;
};

// Where a flow sends its calls, and what goes into them.
struct Workload {
  std::string ns = "bench";
  size_t result_bytes = 200;
  size_t echo_bytes = 200;
  size_t batch_items = 64;
};

// Echo, the yardstick.
std::unique_ptr<Flow> MakeEchoFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                   const Workload& workload);
// Begin, then Complete, of a key that nobody used before.
std::unique_ptr<Flow> MakePairFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                   const Workload& workload, Randomness& randomness);
// BatchBegin, then BatchComplete, of such keys.
std::unique_ptr<Flow> MakeBatchFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                    const Workload& workload, Randomness& randomness);

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_FLOWS_H_
