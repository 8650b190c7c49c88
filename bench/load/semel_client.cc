#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/service.h"
#include "semel/client.h"
#include "semel/error.h"

namespace semel::bench {

namespace {

BeginRequest BeginOf(const Operation& operation, const Item& item) {
  BeginRequest request{.key = item.key,
                       .fingerprint = item.fingerprint,
                       .attempt_id = AttemptId(),
                       .lease = operation.lease,
                       .owner = std::string(kOwner)};
  item.attempt_id.copy(reinterpret_cast<char*>(request.attempt_id->data()), request.attempt_id->size());
  return request;
}

CompleteRequest CompleteOf(const Operation& operation, const Item& item) {
  return {.key = item.key,
          .token = item.token,
          .outcome = Result{.payload = std::string(item.result)},
          .retention = operation.retention};
}

void Read(const BeginAnswer& answer, Item& item) {
  item.answer = Answer::kOther;
  if (const auto* acquired = std::get_if<Acquired>(&answer)) {
    item.answer = Answer::kAcquired;
    item.token = acquired->token;
    item.attempt = acquired->attempt;
  } else if (const auto* done = std::get_if<Done>(&answer)) {
    item.answer = Answer::kDone;
    item.stored = done->result.payload;
  }
}

// The C++ library as programs use it: one client, a thread for each caller, calls that block.
class SemelClient final : public Service {
 public:
  SemelClient(std::unique_ptr<Client> client, size_t threads) : client_(std::move(client)) {
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }

  ~SemelClient() override {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    sent_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void Send(Operation& operation) override {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(&operation);
    }
    sent_.notify_one();
  }

  void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) override {
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, patience, [this] { return !ended_.empty(); });
    ended = std::exchange(ended_, {});
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      sent_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Operation& operation = *waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      Call(operation);
      lock.lock();
      ended_.push_back(&operation);
      answered_.notify_one();
    }
  }

  void Call(Operation& operation) {
    Item& item = operation.items[0];
    if (operation.begins()) {
      absl::StatusOr<BeginAnswer> begun = client_->Begin(BeginOf(operation, item));
      if (!begun.ok()) return Fail(begun.status(), operation);
      Read(*begun, item);
    } else {
      absl::StatusOr<Completed> completed = client_->Complete(CompleteOf(operation, item));
      if (!completed.ok()) return Fail(completed.status(), operation);
      bool stored = completed->state == State::kDone && !completed->already_applied;
      item.answer = stored ? Answer::kStored : Answer::kOther;
    }
  }

  static void Fail(const absl::Status& status, Operation& operation) {
    operation.error = absl::StrCat(DetailsOf(status).reason, " ", status.ToString());
  }

  const std::unique_ptr<Client> client_;
  std::mutex mutex_;
  std::condition_variable sent_, answered_;
  bool over_ = false;
  std::deque<Operation*> waiting_;
  std::vector<Operation*> ended_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectSemelClient(const Destination& destination) {
  if (destination.keys_per_call > 1) return absl::InvalidArgumentError("the library is asked for one key per call");
  auto client = Client::Connect({.address = destination.address, .namespace_name = destination.ns});
  if (!client.ok()) return client.status();
  return std::make_unique<SemelClient>(*std::move(client), destination.callers);
}

}  // namespace semel::bench
