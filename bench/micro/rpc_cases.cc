// server/rpc/: a message's bytes to a validated request, and a reply to a message's bytes.

#include <memory>
#include <string>
#include <utility>

#include "bench/micro/case.h"
#include "bench/micro/samples.h"
#include "semel/v1/idempotency_service.pb.h"
#include "server/engine/operation.h"
#include "server/rpc/errors.h"
#include "server/rpc/reply.h"
#include "server/rpc/validate.h"

namespace semel::bench {
namespace {

using namespace std::chrono_literals;

class PlainOperation final : public engine::Operation {
  engine::Outbox* Finish(engine::Reply) override { return nullptr; }
};

v1::BeginRequest WireBegin() {
  v1::BeginRequest wire;
  wire.set_namespace_(SampleKey().ns);
  wire.set_key(SampleKey().name);
  wire.set_fingerprint(SampleFingerprint());
  wire.set_attempt_id(std::string(16, 'a'));
  wire.mutable_lease()->set_seconds(30);
  wire.set_owner("worker-1");
  return wire;
}

v1::CompleteRequest WireComplete(size_t payload_bytes) {
  v1::CompleteRequest wire;
  wire.set_namespace_(SampleKey().ns);
  wire.set_key(SampleKey().name);
  wire.set_token(kToken);
  wire.mutable_result()->set_payload(std::string(payload_bytes, 'r'));
  wire.mutable_result()->set_content_type("application/json");
  return wire;
}

template <class Wire>
Case Reads(std::string name, const Wire& wire) {
  return {.name = "rpc/read/" + std::move(name), .prepare = [bytes = wire.SerializeAsString()]() -> Step {
            auto policies = std::make_shared<engine::PolicyTable>();
            auto read = [bytes, policies] {
              Wire message;
              PlainOperation operation;
              const bool parsed = message.ParseFromString(bytes);
              rpc::Refused refused = rpc::Validate(message, *policies, rpc::Place::kAlone, operation);
              Keep(operation);
              return parsed && !refused;
            };
            Expect(read(), "the request is valid");
            return [read] { Keep(read()); };
          }};
}

// Copying the reply, which a server moves, is part of the figure.
template <class Wire>
Case Writes(std::string name, engine::Reply reply) {
  return {.name = "rpc/write/" + std::move(name), .prepare = [reply = std::move(reply)]() -> Step {
            auto write = [reply] {
              Wire message;
              const bool refused = rpc::ToResponse(reply, message).has_value();
              Keep(message.SerializeAsString());
              return !refused;
            };
            Expect(write(), "the reply fits the response");
            return [write] { Keep(write()); };
          }};
}

engine::Done DoneReply(size_t payload_bytes) {
  return {.result = SampleResult(payload_bytes), .complete_time = kStart, .expire_time = kStart + 24h};
}

Step RefusalStep() {
  const engine::Refusal refusal{.reason = engine::Reason::kFingerprintMismatch,
                                .message = "the key stands for another request",
                                .metadata = {{"state", "DONE"}, {"attempt", "1"}}};
  auto stats = std::make_shared<rpc::RefusalStats>();
  Expect(!rpc::ToStatus(refusal, *stats).error_details().empty(), "the status carries its details");
  return [refusal, stats] { Keep(rpc::ToStatus(refusal, *stats)); };
}

}  // namespace

void AddRpcCases(Cases& cases) {
  cases.push_back(Reads("begin", WireBegin()));
  cases.push_back(Reads("complete_200B", WireComplete(200)));
  cases.push_back(Reads("complete_64KB", WireComplete(65'536)));
  cases.push_back(Writes<v1::BeginResponse>("acquired", engine::Acquired{.token = kToken, .attempt = 1, .lease = 30s}));
  cases.push_back(Writes<v1::BeginResponse>("done_200B", DoneReply(200)));
  cases.push_back(Writes<v1::BeginResponse>("done_64KB", DoneReply(65'536)));
  cases.push_back(Writes<v1::BeginResponse>(
      "in_progress", engine::InProgress{.owner = "worker-1", .attempt = 1, .lease_remaining = 10s}));
  cases.push_back(Writes<v1::CompleteResponse>("completed", engine::Completed{.expire_time = kStart + 24h}));
  cases.push_back({.name = "rpc/write/refusal", .prepare = RefusalStep});
}

}  // namespace semel::bench
