#include "bench/load/grpc_service.h"
#include "bench/load/semel_messages.h"
#include "bench/load/service.h"
#include "semel/v1/idempotency_service.grpc.pb.h"

namespace semel::bench {

namespace {

using semel::v1::IdempotencyService;

class SingleSlot {
 public:
  SingleSlot(std::shared_ptr<grpc::Channel> channel, const Destination& destination)
      : stub_(std::move(channel)), ns_(destination.ns) {}

  void Send(Operation& operation, grpc::CompletionQueue& queue) {
    if (operation.begins()) {
      Write(operation, operation.items[0], ns_, begin_.request());
      begin_.Send([&](auto* context, const auto& request) { return stub_.AsyncBegin(context, request, &queue); },
                  &operation);
    } else {
      Write(operation, operation.items[0], ns_, complete_.request());
      complete_.Send([&](auto* context, const auto& request) { return stub_.AsyncComplete(context, request, &queue); },
                     &operation);
    }
  }

  void End(Operation& operation) {
    if (operation.begins()) {
      if (begin_.End(operation.error)) Read(begin_.response(), operation.items[0]);
    } else {
      if (complete_.End(operation.error)) Read(complete_.response(), operation.items[0]);
    }
  }

 private:
  IdempotencyService::Stub stub_;
  const std::string ns_;
  UnaryCall<semel::v1::BeginRequest, semel::v1::BeginResponse> begin_;
  UnaryCall<semel::v1::CompleteRequest, semel::v1::CompleteResponse> complete_;
};

class BatchSlot {
 public:
  BatchSlot(std::shared_ptr<grpc::Channel> channel, const Destination& destination)
      : stub_(std::move(channel)), ns_(destination.ns) {}

  void Send(Operation& operation, grpc::CompletionQueue& queue) {
    if (operation.begins()) {
      WriteAll(operation, begin_.request());
      begin_.Send([&](auto* context, const auto& request) { return stub_.AsyncBatchBegin(context, request, &queue); },
                  &operation);
    } else {
      WriteAll(operation, complete_.request());
      complete_.Send(
          [&](auto* context, const auto& request) { return stub_.AsyncBatchComplete(context, request, &queue); },
          &operation);
    }
  }

  void End(Operation& operation) {
    if (operation.begins()) {
      if (begin_.End(operation.error)) ReadAll(begin_.response(), operation);
    } else {
      if (complete_.End(operation.error)) ReadAll(complete_.response(), operation);
    }
  }

 private:
  template <typename BatchRequest>
  void WriteAll(const Operation& operation, BatchRequest& request) {
    int items = static_cast<int>(operation.items.size());
    while (request.requests_size() < items) request.add_requests();
    for (int i = 0; i < items; ++i) Write(operation, operation.items[i], ns_, *request.mutable_requests(i));
  }

  template <typename BatchResponse>
  static void ReadAll(const BatchResponse& response, Operation& operation) {
    if (response.items_size() != static_cast<int>(operation.items.size())) {
      operation.error = "an answer of another length";
      return;
    }
    for (int i = 0; i < response.items_size(); ++i) {
      const auto& item = response.items(i);
      if (item.has_response()) {
        Read(item.response(), operation.items[i]);
      } else {
        Read(item.error(), operation);
      }
    }
  }

  IdempotencyService::Stub stub_;
  const std::string ns_;
  UnaryCall<semel::v1::BatchBeginRequest, semel::v1::BatchBeginResponse> begin_;
  UnaryCall<semel::v1::BatchCompleteRequest, semel::v1::BatchCompleteResponse> complete_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectSemelUnary(const Destination& destination) {
  if (destination.keys_per_call > 1) return UnaryService<BatchSlot>::Connect(destination);
  return UnaryService<SingleSlot>::Connect(destination);
}

}  // namespace semel::bench
