#include "bench/load/flows.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "bench/load/call.h"
#include "echo.grpc.pb.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel::bench {

namespace {

using semel::v1::IdempotencyService;

constexpr size_t kFingerprintBytes = 32;
constexpr size_t kAttemptIdBytes = 16;

void FillBegin(semel::v1::BeginRequest& request, const Workload& workload, Randomness& randomness) {
  request.set_namespace_(workload.ns);
  request.set_key(randomness.Key());
  randomness.Fill(*request.mutable_fingerprint(), kFingerprintBytes);
  randomness.Fill(*request.mutable_attempt_id(), kAttemptIdBytes);
}

// `request` keeps its result, which is the same for every key.
void FillComplete(semel::v1::CompleteRequest& request, const semel::v1::BeginRequest& begun, int64_t token,
                  const Workload& workload) {
  request.set_namespace_(begun.namespace_());
  request.set_key(begun.key());
  request.set_token(token);
  if (!request.has_result()) request.mutable_result()->set_payload(std::string(workload.result_bytes, 'r'));
}

class EchoFlow final : public Flow {
 public:
  EchoFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue, const Workload& workload)
      : stub_(std::move(channel)), queue_(queue) {
    request_.set_payload(std::string(workload.echo_bytes, 'e'));
  }

  void Start() override {
    echo_.Send([this](auto* context) { return stub_.AsyncEcho(context, request_, &queue_); }, this);
  }
  bool Continue(Recorder& recorder) override {
    if (echo_.End(recorder) && echo_.response().payload().size() != request_.payload().size()) {
      echo_.Reject(recorder, "of another size");
    }
    return false;
  }
  uint64_t pairs() const override { return 0; }

 private:
  v1::EchoService::Stub stub_;
  grpc::CompletionQueue& queue_;
  v1::EchoRequest request_;
  Call<v1::EchoResponse> echo_{"echo"};
};

class PairFlow final : public Flow {
 public:
  PairFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue, const Workload& workload,
           Randomness& randomness)
      : stub_(std::move(channel)), queue_(queue), workload_(workload), randomness_(randomness) {}

  void Start() override {
    completing_ = false;
    FillBegin(begin_request_, workload_, randomness_);
    begin_.Send([this](auto* context) { return stub_.AsyncBegin(context, begin_request_, &queue_); }, this);
  }
  bool Continue(Recorder& recorder) override {
    if (completing_) {
      if (complete_.End(recorder)) EndPair(recorder);
      return false;
    }
    if (!begin_.End(recorder)) return false;
    if (!begin_.response().has_acquired()) return begin_.Reject(recorder, begin_.response().ShortDebugString());
    SendComplete();
    return true;
  }
  uint64_t pairs() const override { return 1; }

 private:
  void SendComplete() {
    completing_ = true;
    FillComplete(complete_request_, begin_request_, begin_.response().acquired().token(), workload_);
    complete_.Send([this](auto* context) { return stub_.AsyncComplete(context, complete_request_, &queue_); }, this);
  }
  void EndPair(Recorder& recorder) {
    const auto& response = complete_.response();
    if (response.state() != semel::v1::STATE_DONE || response.already_applied()) {
      complete_.Reject(recorder, response.ShortDebugString());
      return;
    }
    recorder.PairsEnded(1);
  }

  IdempotencyService::Stub stub_;
  grpc::CompletionQueue& queue_;
  const Workload& workload_;
  Randomness& randomness_;
  bool completing_ = false;
  semel::v1::BeginRequest begin_request_;
  semel::v1::CompleteRequest complete_request_;
  Call<semel::v1::BeginResponse> begin_{"Begin"};
  Call<semel::v1::CompleteResponse> complete_{"Complete"};
};

class BatchFlow final : public Flow {
 public:
  BatchFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue, const Workload& workload,
            Randomness& randomness)
      : stub_(std::move(channel)), queue_(queue), workload_(workload), randomness_(randomness) {
    for (size_t i = 0; i < workload.batch_items; ++i) {
      begin_request_.add_requests();
      complete_request_.add_requests();
    }
  }

  void Start() override {
    completing_ = false;
    for (auto& request : *begin_request_.mutable_requests()) FillBegin(request, workload_, randomness_);
    begin_.Send([this](auto* context) { return stub_.AsyncBatchBegin(context, begin_request_, &queue_); }, this);
  }
  bool Continue(Recorder& recorder) override {
    if (completing_) {
      if (complete_.End(recorder)) EndPairs(recorder);
      return false;
    }
    return begin_.End(recorder) && SendComplete(recorder);
  }
  uint64_t pairs() const override { return workload_.batch_items; }

 private:
  bool SendComplete(Recorder& recorder) {
    const auto& items = begin_.response().items();
    if (items.size() != begin_request_.requests_size()) return begin_.Reject(recorder, "of another length");
    for (int i = 0; i < items.size(); ++i) {
      if (!items[i].response().has_acquired()) return begin_.Reject(recorder, items[i].ShortDebugString());
      FillComplete(*complete_request_.mutable_requests(i), begin_request_.requests(i),
                   items[i].response().acquired().token(), workload_);
    }
    completing_ = true;
    complete_.Send([this](auto* context) { return stub_.AsyncBatchComplete(context, complete_request_, &queue_); },
                   this);
    return true;
  }
  void EndPairs(Recorder& recorder) {
    const auto& items = complete_.response().items();
    if (items.size() != complete_request_.requests_size()) complete_.Reject(recorder, "of another length");
    uint64_t done = 0;
    for (const auto& item : items) {
      if (item.response().state() == semel::v1::STATE_DONE && !item.response().already_applied()) {
        ++done;
      } else {
        complete_.Reject(recorder, item.ShortDebugString());
      }
    }
    recorder.PairsEnded(done);
  }

  IdempotencyService::Stub stub_;
  grpc::CompletionQueue& queue_;
  const Workload& workload_;
  Randomness& randomness_;
  bool completing_ = false;
  semel::v1::BatchBeginRequest begin_request_;
  semel::v1::BatchCompleteRequest complete_request_;
  Call<semel::v1::BatchBeginResponse> begin_{"BatchBegin"};
  Call<semel::v1::BatchCompleteResponse> complete_{"BatchComplete"};
};

}  // namespace

Randomness::Randomness() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  engine_.seed(seed);
}

void Randomness::Fill(std::string& bytes, size_t size) {
  bytes.resize(size);
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    uint64_t word = engine_();
    std::memcpy(bytes.data() + i, &word, std::min(sizeof(word), size - i));
  }
}

std::string Randomness::Key() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key(36, '-');
  uint64_t word = 0;
  for (size_t i = 0, digits = 0; i < key.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) continue;
    if (digits++ % 16 == 0) word = engine_();
    key[i] = kDigits[word & 15];
    word >>= 4;
  }
  return key;
}

std::unique_ptr<Flow> MakeEchoFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                   const Workload& workload) {
  return std::make_unique<EchoFlow>(std::move(channel), queue, workload);
}

std::unique_ptr<Flow> MakePairFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                   const Workload& workload, Randomness& randomness) {
  return std::make_unique<PairFlow>(std::move(channel), queue, workload, randomness);
}

std::unique_ptr<Flow> MakeBatchFlow(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                                    const Workload& workload, Randomness& randomness) {
  return std::make_unique<BatchFlow>(std::move(channel), queue, workload, randomness);
}

}  // namespace semel::bench
