#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/grpc_service.h"
#include "bench/load/semel_messages.h"
#include "bench/load/service.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel::bench {

namespace {

using semel::v1::IdempotencyService;
using semel::v1::SessionRequest;
using semel::v1::SessionResponse;

constexpr std::chrono::seconds kPatience(10);

// One Session stream. The id of an operation is the number of its caller.
class SemelStream final : public Service {
 public:
  SemelStream(std::shared_ptr<grpc::Channel> channel, const Destination& destination)
      : stub_(std::move(channel)), ns_(destination.ns), unanswered_(destination.callers) {}

  // The first message has no operations: its answer tells the limits.
  absl::Status Open() {
    stream_ = stub_.AsyncSession(&context_, &queue_, &started_);
    if (!Next(started_)) return Broken();
    stream_->Write(request_, &written_);
    if (!Next(written_)) return Broken();
    stream_->Read(&response_, &answered_);
    if (!Next(answered_)) return Broken();
    limits_ = response_.limits();
    if (unanswered_.size() > static_cast<size_t>(limits_.max_unanswered())) {
      return absl::InvalidArgumentError(
          absl::StrCat("the server allows ", limits_.max_unanswered(), " operations in flight on a stream"));
    }
    stream_->Read(&response_, &answered_);
    return absl::OkStatus();
  }

  void Send(Operation& operation) override {
    unanswered_[operation.caller] = &operation;
    waiting_.push_back(&operation);
  }

  void Flush() override {
    if (writing_ || waiting_.empty()) return;
    size_t count = std::min(waiting_.size(), static_cast<size_t>(limits_.max_operations()));
    request_.Clear();
    for (size_t i = 0; i < count; ++i) WriteOperation(*waiting_[i], *request_.add_operations());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
    writing_ = true;
    stream_->Write(request_, &written_);
  }

  void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) override {
    auto deadline = std::chrono::system_clock::now() + patience;
    while (ended.empty()) {
      void* tag = nullptr;
      bool ok = false;
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return;
      if (!ok) return Fail(ended);
      if (tag == &written_) {
        writing_ = false;
        Flush();
      } else {
        for (const auto& answer : response_.answers()) ReadAnswer(answer, ended);
        stream_->Read(&response_, &answered_);
      }
    }
  }

  absl::Status Close() override {
    if (writing_ && !Next(written_)) return Broken();
    stream_->WritesDone(&written_);
    // The read in flight and the end of writing come in any order.
    bool more = false;
    for (int events = 0; events < 2; ++events) {
      void* tag = nullptr;
      bool ok = false;
      NextEvent(tag, ok);
      if (tag == &answered_) more = ok;
    }
    if (more) return absl::InternalError("an answer that nobody had asked for");
    return Broken();
  }

 private:
  void WriteOperation(const Operation& operation, SessionRequest::Operation& message) {
    message.set_id(operation.caller);
    if (operation.begins()) {
      Write(operation, operation.items[0], ns_, *message.mutable_begin());
    } else {
      Write(operation, operation.items[0], ns_, *message.mutable_complete());
    }
  }

  void ReadAnswer(const SessionResponse::Answer& answer, std::vector<Operation*>& ended) {
    Operation* operation =
        answer.id() < unanswered_.size() ? std::exchange(unanswered_[answer.id()], nullptr) : nullptr;
    if (operation == nullptr) return;  // then another goes without its answer, and the driver's patience ends
    Item& item = operation->items[0];
    if (answer.has_begin() && operation->begins()) {
      Read(answer.begin(), item);
    } else if (answer.has_complete() && operation->kind == Operation::Kind::kComplete) {
      Read(answer.complete(), item);
    } else if (answer.has_error()) {
      Read(answer.error(), *operation);
    } else {
      operation->error = "an answer of another kind";
    }
    ended.push_back(operation);
  }

  // The stream broke: so did everything that it carried.
  void Fail(std::vector<Operation*>& ended) {
    waiting_.clear();
    for (Operation*& operation : unanswered_) {
      if (operation == nullptr) continue;
      operation->error = "the stream broke";
      ended.push_back(std::exchange(operation, nullptr));
    }
  }

  // Waits for the one step that is under way; false: it failed, or was cancelled because the server was silent for too long.
  bool Next(const char& step) {
    void* tag = nullptr;
    bool ok = false;
    NextEvent(tag, ok);
    return tag == &step && ok;
  }

  // Whatever is under way comes to an end: a server that is silent for too long is left.
  void NextEvent(void*& tag, bool& ok) {
    auto deadline = std::chrono::system_clock::now() + kPatience;
    if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT) return;
    context_.TryCancel();
    queue_.Next(&tag, &ok);
  }

  // How the stream ended.
  absl::Status Broken() {
    grpc::Status status;
    stream_->Finish(&status, &started_);
    void* tag = nullptr;
    bool ok = false;
    while (tag != &started_) NextEvent(tag, ok);
    if (status.ok()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("the stream ended with ", status.error_code(), " ", status.error_message()));
  }

  IdempotencyService::Stub stub_;
  const std::string ns_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<SessionRequest, SessionResponse>> stream_;
  SessionRequest request_;
  SessionResponse response_;
  semel::v1::SessionLimits limits_;
  std::vector<Operation*> unanswered_;  // by caller
  std::vector<Operation*> waiting_;     // for the next message
  bool writing_ = false;
  char started_ = 0, written_ = 0, answered_ = 0;  // their addresses are the tags
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectSemelStream(const Destination& destination) {
  if (destination.keys_per_call > 1) return absl::InvalidArgumentError("a stream merges by itself: one key per call");
  auto channels = OpenChannels(destination.address, 1);
  if (!channels.ok()) return channels.status();
  auto stream = std::make_unique<SemelStream>(channels->front(), destination);
  if (absl::Status status = stream->Open(); !status.ok()) return status;
  return stream;
}

}  // namespace semel::bench
