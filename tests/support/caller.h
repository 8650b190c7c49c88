// Blocking calls, as a client makes them. Each has a generous deadline, so that a test ends even if the server hangs.
//
//   Caller caller(server.channel());
//   auto begun = caller.Call(BeginOf("order-1"));
//   ASSERT_TRUE(begun.ok()) << begun.error();

#ifndef SEMEL_TESTS_SUPPORT_CALLER_H_
#define SEMEL_TESTS_SUPPORT_CALLER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include "semel/v1/admin_service.grpc.pb.h"
#include "semel/v1/idempotency_service.grpc.pb.h"
#include "tests/support/patience.h"
#include "tests/support/wire_error.h"

namespace semel::support {

template <class Response>
struct Answered {
  grpc::Status status;
  Response response;

  bool ok() const { return status.ok(); }
  WireError error() const { return Describe(status); }
  const Response* operator->() const { return &response; }
};

// Thread-safe.
class Caller {
 public:
  explicit Caller(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)),
        stub_(v1::IdempotencyService::NewStub(channel_)),
        admin_(v1::AdminService::NewStub(channel_)) {}

  Answered<v1::BeginResponse> Call(const v1::BeginRequest& r) const { return Send(&Stub::Begin, r); }
  Answered<v1::CompleteResponse> Call(const v1::CompleteRequest& r) const { return Send(&Stub::Complete, r); }
  Answered<v1::LookupResponse> Call(const v1::LookupRequest& r) const { return Send(&Stub::Lookup, r); }
  Answered<v1::RenewResponse> Call(const v1::RenewRequest& r) const { return Send(&Stub::Renew, r); }
  Answered<v1::ReleaseResponse> Call(const v1::ReleaseRequest& r) const { return Send(&Stub::Release, r); }
  Answered<v1::CheckpointResponse> Call(const v1::CheckpointRequest& r) const { return Send(&Stub::Checkpoint, r); }
  Answered<v1::BatchBeginResponse> Call(const v1::BatchBeginRequest& r) const { return Send(&Stub::BatchBegin, r); }
  Answered<v1::BatchCompleteResponse> Call(const v1::BatchCompleteRequest& r) const {
    return Send(&Stub::BatchComplete, r);
  }
  Answered<v1::BatchRenewResponse> Call(const v1::BatchRenewRequest& r) const { return Send(&Stub::BatchRenew, r); }
  Answered<v1::ListKeysResponse> Call(const v1::ListKeysRequest& r) const { return Send(&Admin::ListKeys, r); }
  Answered<v1::ResolveKeyResponse> Call(const v1::ResolveKeyRequest& r) const { return Send(&Admin::ResolveKey, r); }
  Answered<v1::DeleteKeyResponse> Call(const v1::DeleteKeyRequest& r) const { return Send(&Admin::DeleteKey, r); }
  Answered<v1::GetStatsResponse> Call(const v1::GetStatsRequest& r) const { return Send(&Admin::GetStats, r); }
  Answered<v1::CreateBackupResponse> Call(const v1::CreateBackupRequest& r) const {
    return Send(&Admin::CreateBackup, r);
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  v1::IdempotencyService::Stub& stub() const { return *stub_; }

 private:
  using Stub = v1::IdempotencyService::Stub;

  using Admin = v1::AdminService::Stub;
  template <class Service>
  Service& Of() const {
    if constexpr (std::is_same_v<Service, Admin>) return *admin_;
    if constexpr (std::is_same_v<Service, Stub>) return *stub_;
  }

  template <class Service, class Request, class Response>
  Answered<Response> Send(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
                          const Request& request) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kPatience));
    Answered<Response> answered;
    answered.status = (Of<Service>().*method)(&context, request, &answered.response);
    return answered;
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
  std::unique_ptr<Admin> admin_;
};

// One call under way, for tests that do something else meanwhile. Keep it until it was answered.
template <class Request, class Response>
class Pending {
 public:
  using Async = v1::IdempotencyService::StubInterface::async_interface;
  using Method = void (Async::*)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);

  Pending(const Caller& caller, Method method, Request request, absl::Duration deadline = kPatience)
      : request_(std::move(request)) {
    context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
    (caller.stub().async()->*method)(&context_, &request_, &answered_.response, [this](grpc::Status status) {
      answered_.status = std::move(status);
      over_.Notify();
    });
  }
  ~Pending() {
    context_.TryCancel();
    over_.WaitForNotification();
  }

  bool IsAnswered() const { return over_.HasBeenNotified(); }
  const Answered<Response>& Await() const {
    over_.WaitForNotification();
    return answered_;
  }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  Request request_;
  Answered<Response> answered_;
  absl::Notification over_;
};

class PendingBegin : public Pending<v1::BeginRequest, v1::BeginResponse> {
 public:
  PendingBegin(const Caller& caller, v1::BeginRequest request, absl::Duration deadline = kPatience)
      : Pending(caller, &Async::Begin, std::move(request), deadline) {}
};

class PendingComplete : public Pending<v1::CompleteRequest, v1::CompleteResponse> {
 public:
  PendingComplete(const Caller& caller, v1::CompleteRequest request)
      : Pending(caller, &Async::Complete, std::move(request)) {}
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_CALLER_H_
