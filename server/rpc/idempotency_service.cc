#include "server/rpc/idempotency_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/rpc/reply.h"
#include "server/rpc/validate.h"

namespace semel::rpc {
namespace {

using Service = IdempotencyAsyncService;

// How many calls of a method may arrive between two polls without waiting inside gRPC.
constexpr int kArmed = 64;

// A request of its own: one operation.
template <class Request, class Response>
class SingleCall final : public Call<Service, Request, Response>, private engine::Operation {
 public:
  using Base = Call<Service, Request, Response>;
  explicit SingleCall(const typename Base::Method& method) : Base(method) {}

 private:
  void ArmAnother() override { (new SingleCall(this->method()))->Arm(); }

  void Start() override {
    if (Refused refused = Validate(this->wire_request(), this->surroundings().policies, Place::kAlone, *this)) {
      return this->Refuse(*refused);
    }
    deadline = this->Deadline();
    this->surroundings().poller.Submit(this, this, this->arrival());
  }

  engine::Outbox* Finish(engine::Reply reply) override {
    AnswerWith(std::move(reply));
    return nullptr;
  }

  void AnswerWith(engine::Reply reply) {
    if (const size_t payload = engine::PayloadBytes(reply); !this->HasRoomFor(payload)) {
      return this->Refuse(AnswersUnread());
    }
    const std::optional<engine::Refusal> refusal = ToResponse(std::move(reply), this->wire_response());
    if (refusal) return this->Refuse(*refusal);
    this->Answer(grpc::Status::OK);
  }

  void CallerGone() override {
    caller_gone = true;
    if (this->surroundings().committer.Cancel(this)) this->Answer(grpc::Status::CANCELLED);
  }
};

inline void LeaveOutWhatLookupFetches(v1::CompleteResponse&) {}
inline void LeaveOutWhatLookupFetches(v1::RenewResponse&) {}
using rpc::LeaveOutWhatLookupFetches;

// Many requests in one message: an operation each, all decided in the same group commit, in order.
template <class Request, class Response>
class BatchCall final : public Call<Service, Request, Response> {
 public:
  using Base = Call<Service, Request, Response>;
  explicit BatchCall(const typename Base::Method& method) : Base(method) {}

 private:
  class Item final : public engine::Operation {
   public:
    Item(BatchCall& batch, int index) : batch_(batch), index_(index) {}
    engine::Outbox* Finish(engine::Reply reply) override {
      batch_.ItemFinished(index_, std::move(reply));
      return nullptr;
    }

   private:
    BatchCall& batch_;
    const int index_;
  };

  // An item without content is two bytes on the wire, and still an operation and an answer.
  size_t Weight() override {
    const size_t items = std::min<size_t>(this->wire_request().requests_size(), engine::kMaxBatchItems);
    return Base::Weight() + items * engine::kBatchItemBytes;
  }

  void ArmAnother() override { (new BatchCall(this->method()))->Arm(); }

  void Start() override {
    const int count = this->wire_request().requests_size();
    if (count == 0 || static_cast<size_t>(count) > engine::kMaxBatchItems) {
      const std::string rule = absl::StrCat("1 to ", engine::kMaxBatchItems, " requests");
      return this->Refuse(WrongCount("requests", rule, engine::kMaxBatchItems, count));
    }
    for (int i = 0; i < count; ++i) this->wire_response().add_items();
    const engine::Time deadline = this->Deadline();
    items_.reserve(count);
    for (int i = 0; i < count; ++i) {
      auto item = std::make_unique<Item>(*this, i);
      item->deadline = deadline;
      item->payload_budget = &payload_budget_;
      Refused refused =
          Validate(*this->wire_request().mutable_requests(i), this->surroundings().policies, Place::kInBatch, *item);
      if (refused) {
        *this->wire_response().mutable_items(i)->mutable_error() = ToError(*refused, this->refusals());
      } else {
        items_.push_back(std::move(item));
      }
    }
    unanswered_ = items_.size();
    if (unanswered_ == 0) return AnswerAll();
    for (auto& item : items_) this->surroundings().poller.Submit(item.get(), this, this->arrival());
  }

  // Items cannot wait, so all of them are in the answers of one batch, and finished one after the other.
  void ItemFinished(int index, engine::Reply reply) {
    auto* item = this->wire_response().mutable_items(index);
    const std::optional<engine::Refusal> refusal = ToResponse(std::move(reply), *item->mutable_response());
    if (refusal) *item->mutable_error() = ToError(*refusal, this->refusals());
    if (--unanswered_ == 0) AnswerAll();
  }

  // Rule 19: the answer fits, whatever is stored.
  void AnswerAll() {
    const size_t size = this->wire_response().ByteSizeLong();
    if (!this->HasRoomFor(size)) {
      FitInto(0);
    } else if (size > engine::kMaxMessageBytes) {
      FitInto(engine::kMaxMessageBytes);
    }
    this->Answer(grpc::Status::OK);
  }

  // Keeps the payloads of the first items that fit in `room` bytes beside what every item needs; Lookup fetches the others.
  void FitInto(size_t room) {
    room -= std::min(room, this->wire_response().items_size() * engine::kMaxBareItemBytes);
    for (auto& item : *this->wire_response().mutable_items()) {
      const size_t size = item.ByteSizeLong();
      if (size <= engine::kMaxBareItemBytes) continue;
      if (size <= room) {
        room -= size;
      } else if (item.has_response()) {
        LeaveOutWhatLookupFetches(*item.mutable_response());
      }
    }
  }

  std::vector<std::unique_ptr<Item>> items_;
  size_t unanswered_ = 0;
  size_t payload_budget_ = engine::kMaxMessageBytes;
};

struct Traits {
  bool may_wait = false;
  bool is_new_work = false;
};
constexpr Traits kOfOwners{};
constexpr Traits kNewWork{.is_new_work = true};
constexpr Traits kNewWorkThatMayWait{.may_wait = true, .is_new_work = true};

// `Owner` is the base of the generated service that brings the method.
template <template <class, class> class Kind, class Owner, class Request, class Response>
void Serve(Surroundings& surroundings, size_t index, Traits traits,
           void (Owner::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                  grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*)) {
  const typename Call<Service, Request, Response>::Method method{
      surroundings.service, request,         surroundings.stats.methods[index],
      surroundings,         traits.may_wait, traits.is_new_work};
  for (int i = 0; i < kArmed; ++i) (new Kind<Request, Response>(method))->Arm();
}

}  // namespace

// In the order of kMethods.
void ServeIdempotency(Surroundings& surroundings) {
  size_t index = 0;
  Serve<SingleCall>(surroundings, index++, kNewWorkThatMayWait, &Service::RequestBegin);
  Serve<SingleCall>(surroundings, index++, kOfOwners, &Service::RequestComplete);
  Serve<SingleCall>(surroundings, index++, kNewWork, &Service::RequestLookup);
  Serve<SingleCall>(surroundings, index++, kOfOwners, &Service::RequestRenew);
  Serve<SingleCall>(surroundings, index++, kOfOwners, &Service::RequestRelease);
  Serve<SingleCall>(surroundings, index++, kOfOwners, &Service::RequestCheckpoint);
  Serve<BatchCall>(surroundings, index++, kNewWork, &Service::RequestBatchBegin);
  Serve<BatchCall>(surroundings, index++, kOfOwners, &Service::RequestBatchComplete);
  Serve<BatchCall>(surroundings, index++, kOfOwners, &Service::RequestBatchRenew);
}

}  // namespace semel::rpc
