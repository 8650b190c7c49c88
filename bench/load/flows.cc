#include "bench/load/flows.h"

#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace semel::bench {

namespace {

constexpr size_t kFingerprintBytes = 32;
constexpr size_t kAttemptIdBytes = 16;
constexpr std::chrono::minutes kReadableRetention(1);  // what is kept for less may be gone before it is read
constexpr size_t kPoolBytes = size_t{4} << 20;  // so large that a block of a database hardly holds a byte of it twice

class EchoFlow final : public Flow {
 public:
  explicit EchoFlow(const Workload& workload) : payload_(workload.result_bytes, 'e') {}

  void Start(Operation& operation) override {
    operation.kind = Operation::Kind::kEcho;
    operation.items.resize(1);
    operation.items[0].result = payload_;
  }
  bool Continue(Operation&, Recorder&) override { return false; }
  uint64_t pairs() const override { return 0; }

 private:
  const std::string payload_;
};

class PairFlow final : public Flow {
 public:
  PairFlow(const Workload& workload, Randomness& randomness, Sample& sample)
      : result_bytes_(workload.result_bytes),
        keys_(workload.keys_per_call),
        retention_(workload.retention_s),
        randomness_(randomness),
        sample_(sample) {}

  void Start(Operation& operation) override {
    operation.kind = Operation::Kind::kBegin;
    operation.retention = retention_;
    operation.items.resize(keys_);
    for (Item& item : operation.items) {
      randomness_.FillKey(item.key);
      randomness_.Fill(item.fingerprint, kFingerprintBytes);
      randomness_.Fill(item.attempt_id, kAttemptIdBytes);
      item.result = randomness_.Result(result_bytes_);
    }
  }

  bool Continue(Operation& operation, Recorder& recorder) override {
    bool beginning = operation.kind == Operation::Kind::kBegin;
    for (const Item& item : operation.items) {
      if (beginning ? Owned(item) : item.answer == Answer::kStored) continue;
      recorder.Error(operation.name(), absl::StrCat("unexpected answer ", static_cast<int>(item.answer), ", attempt ",
                                                    item.attempt, ", token ", item.token));
      return false;
    }
    if (!beginning) {
      recorder.PairsEnded(keys_);
      if (retention_ >= kReadableRetention) sample_.Offer(operation.items, randomness_);
    }
    operation.kind = Operation::Kind::kComplete;
    return beginning;
  }

  uint64_t pairs() const override { return keys_; }

 private:
  // As its first owner.
  static bool Owned(const Item& item) {
    return item.answer == Answer::kAcquired && item.attempt == 1 && item.token > 0;
  }

  const size_t result_bytes_;
  const size_t keys_;
  const std::chrono::seconds retention_;
  Randomness& randomness_;
  Sample& sample_;
};

class ReadBackFlow final : public Flow {
 public:
  explicit ReadBackFlow(Sample& sample) : sample_(sample) {}

  void Start(Operation& operation) override {
    operation.kind = Operation::Kind::kReadBack;
    operation.items = sample_.Take();
  }

  bool Continue(Operation& operation, Recorder& recorder) override {
    for (const Item& item : operation.items) {
      if (item.answer == Answer::kDone && item.stored == item.result) continue;
      recorder.Error(operation.name(), absl::StrCat("not what was stored: answer ", static_cast<int>(item.answer),
                                                    " with ", item.stored.size(), " bytes"));
    }
    return false;
  }

  uint64_t pairs() const override { return 1; }

 private:
  Sample& sample_;
};

}  // namespace

Randomness::Randomness() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  engine_.seed(seed);
  Fill(pool_, kPoolBytes);
}

std::string_view Randomness::Result(size_t size) {
  return std::string_view(pool_).substr(engine_() % (pool_.size() - size), size);
}

void Randomness::Fill(std::string& bytes, size_t size) {
  bytes.resize(size);
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    uint64_t word = engine_();
    std::memcpy(bytes.data() + i, &word, std::min(sizeof(word), size - i));
  }
}

void Randomness::FillKey(std::string& key) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  key.assign(36, '-');
  uint64_t word = 0;
  for (size_t i = 0, digits = 0; i < key.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) continue;
    if (digits++ % 16 == 0) word = engine_();
    key[i] = kDigits[word & 15];
    word >>= 4;
  }
}

std::unique_ptr<Flow> MakeEchoFlow(const Workload& workload) { return std::make_unique<EchoFlow>(workload); }

void Sample::Offer(const std::vector<Item>& completed, Randomness& randomness) {
  ++offered_;
  if (kept_.size() < most_) {
    kept_.push_back(completed);
  } else if (uint64_t at = randomness.Below(offered_); at < most_) {
    kept_[at] = completed;
  }
}

std::vector<Item> Sample::Take() {
  std::vector<Item> taken = std::move(kept_.back());
  kept_.pop_back();
  return taken;
}

std::unique_ptr<Flow> MakePairFlow(const Workload& workload, Randomness& randomness, Sample& sample) {
  return std::make_unique<PairFlow>(workload, randomness, sample);
}

std::unique_ptr<Flow> MakeReadBackFlow(Sample& sample) { return std::make_unique<ReadBackFlow>(sample); }

}  // namespace semel::bench
