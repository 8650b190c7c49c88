#include "bench/load/grpc_service.h"
#include "bench/load/service.h"
#include "echo.grpc.pb.h"

namespace semel::bench {

namespace {

class EchoSlot {
 public:
  EchoSlot(std::shared_ptr<grpc::Channel> channel, const Destination&) : stub_(std::move(channel)) {}

  void Send(Operation& operation, grpc::CompletionQueue& queue) {
    echo_.request().set_payload(std::string(operation.items[0].result));
    echo_.Send([&](auto* context, const auto& request) { return stub_.AsyncEcho(context, request, &queue); },
               &operation);
  }

  void End(Operation& operation) {
    if (!echo_.End(operation.error)) return;
    if (echo_.response().payload() != operation.items[0].result) operation.error = "came back changed";
  }

 private:
  v1::EchoService::Stub stub_;
  UnaryCall<v1::EchoRequest, v1::EchoResponse> echo_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectEcho(const Destination& destination) {
  return UnaryService<EchoSlot>::Connect(destination);
}

}  // namespace semel::bench
