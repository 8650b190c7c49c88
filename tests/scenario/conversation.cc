#include "tests/scenario/conversation.h"

#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/session_caller.h"

namespace semel::scenario {
namespace {

// Longer than anything here takes: only a server that hangs gets there.
constexpr absl::Duration kPatience = absl::Seconds(30);
// Of what is looked at again and again because nobody tells when it changes.
constexpr absl::Duration kGlance = absl::Milliseconds(1);

using Stub = v1::IdempotencyService::Stub;
using Admin = v1::AdminService::Stub;
using SharedStub = std::shared_ptr<Stub>;
using SharedAdmin = std::shared_ptr<Admin>;
using Sent = absl::StatusOr<std::shared_ptr<Exchange>>;

template <class Service, class Request, class Response>
using Method = grpc::Status (Service::*)(grpc::ClientContext*, const Request&, Response*);

template <class Response>
Exchange::Reply ToReply(const Response& response) {
  if constexpr (requires { response.items(); }) {
    Exchange::Reply reply{{"answers", "", {}}, {}};
    for (const auto& item : response.items()) {
      reply.items.push_back(item.has_error() ? ToAnswer(item.error()) : ToAnswer(item.response()));
    }
    return reply;
  } else {
    return {ToAnswer(response), {}};
  }
}

template <class Service, class Request, class Response>
std::shared_ptr<Exchange> SendMessage(std::shared_ptr<Service> stub, Method<Service, Request, Response> method,
                                      Request request) {
  auto exchange = std::make_shared<Exchange>();
  exchange->Start([stub = std::move(stub), method, request = std::move(request)](grpc::ClientContext& context) {
    Response response;
    grpc::Status status = ((*stub).*method)(&context, request, &response);
    return status.ok() ? ToReply(response) : Exchange::Reply{ToAnswer(status), {}};
  });
  return exchange;
}

// On a stream of its own: whoever calls it off cancels the stream.
std::shared_ptr<Exchange> SendOverSession(SharedStub stub, support::SessionOperation operation) {
  auto exchange = std::make_shared<Exchange>();
  exchange->Start([stub = std::move(stub), operation = std::move(operation)](grpc::ClientContext& context) {
    v1::SessionRequest request;
    *request.add_operations() = operation;
    const auto stream = stub->Session(&context);
    stream->WriteLast(request, {});
    std::vector<v1::SessionResponse::Answer> answers;
    for (v1::SessionResponse response; stream->Read(&response);) {
      answers.insert(answers.end(), response.answers().begin(), response.answers().end());
    }
    const grpc::Status end = stream->Finish();
    if (!end.ok()) return Exchange::Reply{ToAnswer(end), {}};
    const bool once = answers.size() == 1 && answers.front().id() == operation.id();
    return Exchange::Reply{once ? ToAnswer(answers.front()) : Answer{"not one answer", "", {}}, {}};
  });
  return exchange;
}

template <class Request, class Response, class Service>
Sent SendOne(Way way, const Call& call, const std::function<Speaker()>& speaker, const Names& names,
             std::shared_ptr<Service> stub, Method<Service, Request, Response> method) {
  Request request;
  if (absl::Status status = Fill(call.key, call.fields, speaker(), names, request); !status.ok()) return status;
  if constexpr (std::is_same_v<Service, Stub>) {
    if (way == Way::kSession) return SendOverSession(std::move(stub), support::OperationOf(1, std::move(request)));
  }
  return SendMessage(std::move(stub), method, std::move(request));
}

// What stands on the line of the batch holds for every item.
template <class BatchRequest, class BatchResponse>
Sent SendBatch(const Call& call, const std::function<Speaker()>& speaker, const Names& names, SharedStub stub,
               Method<Stub, BatchRequest, BatchResponse> method) {
  BatchRequest request;
  for (const Item& item : call.items) {
    Fields fields = call.fields;
    fields.insert(fields.end(), item.fields.begin(), item.fields.end());
    absl::Status status = Fill(item.key, fields, speaker(), names, *request.add_requests());
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("line ", item.line, ": ", status.message()));
  }
  return SendMessage(std::move(stub), method, std::move(request));
}

}  // namespace

const Exchange::Reply* Exchange::Wait() const {
  return answered_.WaitForNotificationWithTimeout(kPatience) ? &reply_ : nullptr;
}

bool Eventually(const std::function<bool()>& condition) {
  const absl::Time give_up = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(kGlance);
  }
  return true;
}

Exchange::~Exchange() {
  Cancel();
  if (thread_.joinable()) thread_.join();
}

void Exchange::Start(std::function<Reply(grpc::ClientContext&)> call) {
  thread_ = std::thread([this, call = std::move(call)] {
    reply_ = call(context_);
    answered_.Notify();
  });
}

Sent Send(Way way, const Call& call, const std::function<Speaker()>& speaker, const Names& names, SharedStub stub,
          SharedAdmin admin) {
  if (call.batch) {
    if (call.verb == "begin")
      return SendBatch<v1::BatchBeginRequest, v1::BatchBeginResponse>(call, speaker, names, stub, &Stub::BatchBegin);
    if (call.verb == "complete")
      return SendBatch<v1::BatchCompleteRequest, v1::BatchCompleteResponse>(call, speaker, names, stub,
                                                                            &Stub::BatchComplete);
    if (call.verb == "renew")
      return SendBatch<v1::BatchRenewRequest, v1::BatchRenewResponse>(call, speaker, names, stub, &Stub::BatchRenew);
    return absl::InvalidArgumentError(absl::StrCat("there is no batch of ", call.verb));
  }
  if (call.verb == "begin")
    return SendOne<v1::BeginRequest, v1::BeginResponse>(way, call, speaker, names, stub, &Stub::Begin);
  if (call.verb == "complete")
    return SendOne<v1::CompleteRequest, v1::CompleteResponse>(way, call, speaker, names, stub, &Stub::Complete);
  if (call.verb == "lookup")
    return SendOne<v1::LookupRequest, v1::LookupResponse>(way, call, speaker, names, stub, &Stub::Lookup);
  if (call.verb == "renew")
    return SendOne<v1::RenewRequest, v1::RenewResponse>(way, call, speaker, names, stub, &Stub::Renew);
  if (call.verb == "release")
    return SendOne<v1::ReleaseRequest, v1::ReleaseResponse>(way, call, speaker, names, stub, &Stub::Release);
  if (call.verb == "resolve")
    return SendOne<v1::ResolveKeyRequest, v1::ResolveKeyResponse>(way, call, speaker, names, admin, &Admin::ResolveKey);
  if (call.verb == "delete")
    return SendOne<v1::DeleteKeyRequest, v1::DeleteKeyResponse>(way, call, speaker, names, admin, &Admin::DeleteKey);
  if (call.verb == "list")
    return SendOne<v1::ListKeysRequest, v1::ListKeysResponse>(way, call, speaker, names, admin, &Admin::ListKeys);
  return SendOne<v1::CheckpointRequest, v1::CheckpointResponse>(way, call, speaker, names, stub, &Stub::Checkpoint);
}

}  // namespace semel::scenario
