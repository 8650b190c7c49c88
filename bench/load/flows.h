// What one of the many simultaneous callers does, over and over: a flow is a short conversation, one operation in flight at a time.

#ifndef SEMEL_BENCH_LOAD_FLOWS_H_
#define SEMEL_BENCH_LOAD_FLOWS_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/operation.h"
#include "bench/load/recorder.h"

namespace semel::bench {

class Flow {
 public:
  virtual ~Flow() = default;
  // Makes the first operation of a new round out of the caller's last one.
  virtual void Start(Operation& operation) = 0;
  // The operation was answered without an error: checks it and makes the next one of it. False: that was the last of the round.
  virtual bool Continue(Operation& operation, Recorder& recorder) = 0;
  // Begin + Complete pairs in one round.
  virtual uint64_t pairs() const = 0;
};

// Random bytes and keys, different in every run. Fast rather than unpredictable.
class Randomness {
 public:
  Randomness();
  void Fill(std::string& bytes, size_t size);
  // 36 characters, in the form of a UUID.
  void FillKey(std::string& key);
  // Bytes that no compression makes smaller, as long as this lives.
  std::string_view Result(size_t size);
  // From 0, and below `end`.
  uint64_t Below(uint64_t end) { return engine_() % end; }

 private:
  std::mt19937_64 engine_;
  std::string pool_;  // of which every result is a part
};

// Some of the calls that completed their keys, each as likely as any other. `most` bounds them.
class Sample {
 public:
  explicit Sample(size_t most) : most_(most) {}
  void Offer(const std::vector<Item>& completed, Randomness& randomness);
  // The next one of them; no more than size().
  std::vector<Item> Take();
  size_t size() const { return kept_.size(); }

 private:
  const size_t most_;
  uint64_t offered_ = 0;
  std::vector<std::vector<Item>> kept_;
};

struct Workload {
  size_t result_bytes = 200;
  size_t keys_per_call = 1;
  int retention_s = 86'400;
};

// Echo, the ceiling.
std::unique_ptr<Flow> MakeEchoFlow(const Workload& workload);
// Begin, then Complete, of keys that nobody used before. Calls go to `sample`, which outlives the flow.
std::unique_ptr<Flow> MakePairFlow(const Workload& workload, Randomness& randomness, Sample& sample);
// Begin of what is in the sample: the very bytes must come back. A call counts as one pair.
std::unique_ptr<Flow> MakeReadBackFlow(Sample& sample);

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_FLOWS_H_
