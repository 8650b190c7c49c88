// What the services over gRPC share: connections, one completion queue, and unary calls through the same objects over and over.

#ifndef SEMEL_BENCH_LOAD_GRPC_SERVICE_H_
#define SEMEL_BENCH_LOAD_GRPC_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/service.h"

namespace semel::bench {

// `count` connections of their own, established.
absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> OpenChannels(const std::string& address, size_t count);

// What a failed call says: its code, Semel's reason where it gives one, its message.
std::string Told(const grpc::Status& failed);

template <typename Request, typename Response>
class UnaryCall {
 public:
  Request& request() { return request_; }
  const Response& response() const { return response_; }

  // `start(context, request)` is the stub's AsyncX. `tag` comes out of the completion queue when the call has ended.
  template <typename Starter>
  void Send(Starter start, void* tag) {
    reader_.reset();  // lives in the context's arena: goes first
    context_.emplace();
    response_.Clear();
    reader_ = start(&*context_, request_);
    reader_->Finish(&response_, &status_, tag);
  }

  // The call has ended. False: it failed, and `error` says how.
  bool End(std::string& error) {
    if (status_.ok()) return true;
    error = Told(status_);
    return false;
  }

 private:
  Request request_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
};

// One unary call at a time for each caller. `Slot` has what a caller's calls need, and:
//   Slot(std::shared_ptr<grpc::Channel>, const Destination&)
//   void Send(Operation&, grpc::CompletionQueue&)     tag: the operation
//   void End(Operation&)                              its call has ended
template <typename Slot>
class UnaryService final : public Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Connect(const Destination& destination) {
    auto channels = OpenChannels(destination.address, std::max<size_t>(1, destination.connections));
    if (!channels.ok()) return channels.status();
    auto service = std::make_unique<UnaryService>();
    for (size_t i = 0; i < destination.callers; ++i) {
      service->slots_.push_back(std::make_unique<Slot>((*channels)[i % channels->size()], destination));
    }
    return service;
  }

  void Send(Operation& operation) override { slots_[operation.caller]->Send(operation, queue_); }

  void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) override {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + patience) != grpc::CompletionQueue::GOT_EVENT) {
      return;
    }
    auto& operation = *static_cast<Operation*>(tag);
    slots_[operation.caller]->End(operation);
    ended.push_back(&operation);
  }

 private:
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_GRPC_SERVICE_H_
