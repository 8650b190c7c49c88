#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bench/load/grpc_service.h"
#include "bench/load/service.h"
#include "etcd.grpc.pb.h"

namespace semel::bench {

namespace {

// Begin puts the key if there is none, Complete puts it again if nobody else has; the token is the revision. What Semel keeps of a
// key stands in the value. No etcd lease is attached, so that nothing ever expires: that work is left out in etcd's favour.
class EtcdSlot {
 public:
  EtcdSlot(std::shared_ptr<grpc::Channel> channel, const Destination&) : stub_(std::move(channel)) {
    auto& compare = *call_.request().add_compare();
    compare.set_result(etcdserverpb::Compare::EQUAL);
    call_.request().add_success()->mutable_request_put();
    call_.request().add_failure()->mutable_request_range();
  }

  void Send(Operation& operation, grpc::CompletionQueue& queue) {
    const Item& item = operation.items[0];
    auto& compare = *call_.request().mutable_compare(0);
    auto& put = *call_.request().mutable_success(0)->mutable_request_put();
    compare.set_key(item.key);
    put.set_key(item.key);
    call_.request().mutable_failure(0)->mutable_request_range()->set_key(item.key);
    if (operation.begins()) {
      compare.set_target(etcdserverpb::Compare::CREATE);
      compare.set_create_revision(0);
      auto lease_until = std::chrono::system_clock::now() + operation.lease;
      record_ =
          absl::StrCat(item.fingerprint, item.attempt_id, "1", std::string(kOwner), "\n",
                       std::chrono::duration_cast<std::chrono::milliseconds>(lease_until.time_since_epoch()).count());
      put.set_value(absl::StrCat("open", record_));
    } else {
      compare.set_target(etcdserverpb::Compare::MOD);
      compare.set_mod_revision(item.token);
      put.set_value(absl::StrCat("done", record_, "\n", std::string(item.result)));
    }
    call_.Send([&](auto* context, const auto& request) { return stub_.AsyncTxn(context, request, &queue); },
               &operation);
  }

  void End(Operation& operation) {
    if (!call_.End(operation.error)) return;
    Item& item = operation.items[0];
    item.answer = Answer::kOther;
    if (!call_.response().succeeded()) {
      if (operation.begins()) ReadRecord(call_.response().responses(0).response_range(), item);
      return;
    }
    item.answer = operation.begins() ? Answer::kAcquired : Answer::kStored;
    if (!operation.begins()) return;
    item.token = call_.response().header().revision();
    item.attempt = 1;  // as is written
  }

 private:
  // "done", fingerprint, attempt id, attempt, owner, the end of the lease behind a line break, and the result behind another.
  static void ReadRecord(const etcdserverpb::RangeResponse& range, Item& item) {
    if (range.kvs_size() != 1) return;
    const std::string& record = range.kvs(0).value();
    if (!absl::StartsWith(record, absl::StrCat("done", item.fingerprint))) return;
    size_t lease = record.find('\n', std::strlen("done") + item.fingerprint.size() + item.attempt_id.size());
    size_t result = lease == std::string::npos ? lease : record.find('\n', lease + 1);
    if (result == std::string::npos) return;
    item.answer = Answer::kDone;
    item.stored = record.substr(result + 1);
  }

  etcdserverpb::KV::Stub stub_;
  UnaryCall<etcdserverpb::TxnRequest, etcdserverpb::TxnResponse> call_;
  std::string record_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectEtcd(const Destination& destination) {
  if (destination.keys_per_call > 1) return absl::InvalidArgumentError("etcd is asked for one key at a time");
  return UnaryService<EtcdSlot>::Connect(destination);
}

}  // namespace semel::bench
