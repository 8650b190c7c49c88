#include "server/rpc/admin_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/rpc/reply_admin.h"
#include "server/rpc/validate_admin.h"
#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

using engine::Reason;
using engine::Refusal;
using Service = v1::AdminService::AsyncService;

constexpr int kArmed = 4;  // these are calls of people

Refusal Forbidden() {
  return {.reason = Reason::kAdminForbidden,
          .message = "this server does not serve administration: set admin.service to true in its configuration"};
}

Refusal TooManyLooks() {
  return {.reason = Reason::kOverloaded,
          .message = "too many listings wait already: try again in a moment",
          .metadata = {{"limit", "listings"}, {"value", absl::StrCat(engine::kMaxListsWaiting)}}};
}

Refusal TooLate() {
  return {.reason = Reason::kDeadlineExceeded, .message = "the caller gave up before its turn came"};
}

// What all calls of administration share.
template <class Request, class Response>
class AdminCall : public Call<Service, Request, Response> {
 protected:
  using Base = Call<Service, Request, Response>;
  using Base::Base;

  virtual void StartAllowed() = 0;

  Administration& administration() const { return this->surroundings().administration; }

 private:
  void Start() final {
    if (!administration().options.served) return this->Refuse(Forbidden());
    StartAllowed();
  }
};

// A call that changes something: the audit log is told how it ended, before the caller is.
template <class Request, class Response>
class ChangingCall : public AdminCall<Request, Response> {
 protected:
  using AdminCall<Request, Response>::AdminCall;

  void Refuse(const Refusal& refusal) final {
    Audit(std::string(OnWire(refusal.reason).name), refusal.message);
    this->Answer(ToStatus(refusal, this->refusals()));
  }
  void AnswerDone() {
    Audit("OK", DetailsOf(this->wire_response()));
    this->Answer(grpc::Status::OK);
  }

 private:
  // Refused requests may hold anything, of any length.
  static std::string Cut(const std::string& text, size_t most) {
    return text.size() <= most ? text : text.substr(0, most) + "...";
  }

  void Audit(std::string outcome, std::string details) {
    const auto& audit = this->administration().options.audit;
    if (!audit) return;
    const Request& request = this->wire_request();
    AuditEntry entry{.call = std::string(this->method().stats.method),
                     .actor = Cut(request.actor(), engine::kMaxActorBytes),
                     .peer = this->Peer(),
                     .reason = Cut(request.reason(), engine::kMaxAuditReasonBytes),
                     .outcome = std::move(outcome),
                     .details = std::move(details)};
    if constexpr (requires { request.key(); }) {
      entry.ns = Cut(request.namespace_(), engine::kMaxNamespaceBytes);
      entry.key = Cut(request.key(), engine::kMaxKeyBytes);
    }
    audit(entry);
  }
};

// ResolveKey, DeleteKey: decided and committed with whatever else arrived.
template <class Request, class Response>
class KeyCall final : public ChangingCall<Request, Response>, private engine::Operation {
 public:
  using ChangingCall<Request, Response>::ChangingCall;

 private:
  void ArmAnother() override { (new KeyCall(this->method()))->Arm(); }

  void StartAllowed() override {
    if (Refused refused = Validate(this->wire_request(), this->surroundings().policies, *this)) {
      return this->Refuse(*refused);
    }
    deadline = this->Deadline();
    this->surroundings().poller.Submit(this, this, this->arrival());
  }

  engine::Outbox* Finish(engine::Reply reply) override {
    const std::optional<Refusal> refusal = ToResponse(std::move(reply), this->wire_response());
    refusal ? this->Refuse(*refusal) : this->AnswerDone();
    return nullptr;
  }
};

class ListCall final : public AdminCall<v1::ListKeysRequest, v1::ListKeysResponse> {
 public:
  using AdminCall::AdminCall;

 private:
  void ArmAnother() override { (new ListCall(method()))->Arm(); }

  void StartAllowed() override {
    if (Refused refused = Validate(wire_request(), listing_)) return Refuse(*refused);
    deadline_ = Deadline();
    if (!administration().looks.Take([this] { Look(); }, [this] { Tell(); })) Refuse(TooManyLooks());
  }

  void Look() {
    engine::Committer& committer = surroundings().committer;
    if (committer.Now() >= deadline_) return;
    listed_ = committer.List(listing_);
  }

  void Tell() {
    if (const auto* refusal = std::get_if<Refusal>(&listed_)) return Refuse(*refusal);
    ToResponse(listing_, std::get<engine::ListPage>(std::move(listed_)), wire_response());
    Answer(grpc::Status::OK);
  }

  engine::ListRequest listing_;
  engine::Time deadline_{};
  std::variant<engine::ListPage, Refusal> listed_ = TooLate();
};

class StatsCall final : public AdminCall<v1::GetStatsRequest, v1::GetStatsResponse> {
 public:
  using AdminCall::AdminCall;

 private:
  void ArmAnother() override { (new StatsCall(method()))->Arm(); }

  // Storage may take its time to measure itself.
  void StartAllowed() override {
    if (!administration().looks.Take([this] { Look(); }, [this] { Answer(grpc::Status::OK); })) {
      Refuse(TooManyLooks());
    }
  }

  void Look() {
    const AdminOptions& options = administration().options;
    v1::GetStatsResponse& wire = wire_response();
    wire.set_version(options.version);
    ToWire(administration().start, wire.mutable_start_time());
    ToWire(surroundings().committer.Now(), wire.mutable_server_time());
    if (options.facts) ToResponse(options.facts(), wire);
    wire.mutable_open_keys()->set_max_keys(static_cast<int64_t>(surroundings().limits.max_open_keys));
    wire.mutable_open_keys()->set_max_bytes(static_cast<int64_t>(surroundings().limits.max_open_bytes));
    ToResponse(surroundings().committer.stats(), surroundings().policies, wire);
    wire.set_calls_in_flight(surroundings().stats.live.value());
  }
};

class BackupCall final : public ChangingCall<v1::CreateBackupRequest, v1::CreateBackupResponse> {
 public:
  using ChangingCall::ChangingCall;

 private:
  void ArmAnother() override { (new BackupCall(method()))->Arm(); }

  void StartAllowed() override {
    if (Refused refused = Validate(wire_request())) return Refuse(*refused);
    if (!administration().options.create_backup) {
      return Refuse({.reason = Reason::kBackupNotConfigured,
                     .message = "this server does not know where to: set backup.directory in its configuration"});
    }
    if (administration().backups.Take([this] { Make(); }, [this] { Tell(); })) return;
    Refuse({.reason = Reason::kBackupRunning, .message = "another backup is being made: try again when it is done"});
  }

  void Make() { made_ = administration().options.create_backup(); }

  void Tell() {
    if (!made_.ok()) {
      return Refuse({.reason = Reason::kBackupFailed,
                     .message = absl::StrCat("no backup was made, the server goes on: ", made_.status().message())});
    }
    ToResponse(*made_, wire_response());
    AnswerDone();
  }

  absl::StatusOr<BackupMade> made_ = absl::UnknownError("not made yet");
};

template <class CallKind, class Owner, class Request, class Response>
void Serve(Surroundings& surroundings, size_t index,
           void (Owner::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                  grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*)) {
  const typename Call<Service, Request, Response>::Method method{surroundings.admin_service, request,
                                                                 surroundings.stats.methods[index], surroundings,
                                                                 /*may_wait=*/false};
  for (int i = 0; i < kArmed; ++i) (new CallKind(method))->Arm();
}

}  // namespace

// In the order of kMethods.
void ServeAdministration(Surroundings& surroundings) {
  size_t index = kFirstAdminMethod;
  Serve<ListCall>(surroundings, index++, &Service::RequestListKeys);
  Serve<KeyCall<v1::ResolveKeyRequest, v1::ResolveKeyResponse>>(surroundings, index++, &Service::RequestResolveKey);
  Serve<KeyCall<v1::DeleteKeyRequest, v1::DeleteKeyResponse>>(surroundings, index++, &Service::RequestDeleteKey);
  Serve<StatsCall>(surroundings, index++, &Service::RequestGetStats);
  Serve<BackupCall>(surroundings, index++, &Service::RequestCreateBackup);
}

}  // namespace semel::rpc
