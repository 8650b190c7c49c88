#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "semel/wire/v1/status.pb.h"
#include "tests/scenario/wire.h"

namespace semel::scenario {
namespace {

constexpr char kDomain[] = "semel.v1";
constexpr char kTypePrefix[] = "type.googleapis.com/google.rpc.";

using google::protobuf::util::TimeUtil;
using Facts = std::vector<std::pair<std::string, Fact>>;

Fact Text(const std::string& text) { return text.empty() ? Fact(Nothing{}) : Fact(text); }
Fact Number(int64_t number) { return absl::StrCat(number); }
Fact YesNo(bool yes) { return std::string(yes ? "yes" : "no"); }
Fact Span(bool present, const google::protobuf::Duration& duration) {
  return present ? Fact(Duration(TimeUtil::DurationToMicroseconds(duration))) : Fact(Nothing{});
}
Fact Instant(bool present, const google::protobuf::Timestamp& time) {
  return present ? Fact(storage::FromMicros(TimeUtil::TimestampToMicroseconds(time))) : Fact(Nothing{});
}

// "STATE_IN_PROGRESS" -> "in_progress".
std::string Lower(const std::string& name, size_t prefix) {
  std::string text = name.substr(prefix);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}
Fact Name(v1::State state) { return Lower(v1::State_Name(state), sizeof("STATE_") - 1); }
Fact Name(v1::Previous previous) { return Lower(v1::Previous_Name(previous), sizeof("PREVIOUS_") - 1); }

void Add(const v1::Result& result, Facts& facts) {
  facts.emplace_back("result", result.payload_left_out() ? Fact(Nothing{}) : Fact(result.payload()));
  facts.emplace_back("content_type", Text(result.content_type()));
  facts.emplace_back("omitted", YesNo(result.omitted()));
  facts.emplace_back("size", Number(result.payload_size()));
  facts.emplace_back("left_out", YesNo(result.payload_left_out()));
  for (const auto& [name, value] : result.attributes()) facts.emplace_back("attribute." + name, value);
}

void Add(const v1::Failure& failure, Facts& facts) {
  facts.emplace_back("failure", Text(failure.reason()));
  facts.emplace_back("message", Text(failure.message()));
  facts.emplace_back("details", Text(failure.details()));
  facts.emplace_back("retryable", YesNo(failure.retryable()));
}

Answer Read(const v1::Acquired& a) {
  return {"acquired",
          "",
          {{"token", Token{a.token()}},
           {"attempt", Number(a.attempt())},
           {"lease", Span(a.has_lease(), a.lease())},
           {"previous", Name(a.previous())},
           {"checkpoint", Text(a.checkpoint())}}};
}

Answer Read(const v1::Done& done) {
  Answer answer{"done", "", {}};
  Add(done.result(), answer.facts);
  answer.facts.emplace_back("completed", Instant(done.has_complete_time(), done.complete_time()));
  answer.facts.emplace_back("expires", Instant(done.has_expire_time(), done.expire_time()));
  return answer;
}

Answer Read(const v1::Failed& failed) {
  Answer answer{"failed", "", {}};
  Add(failed.failure(), answer.facts);
  answer.facts.emplace_back("retry_after", Span(failed.has_retry_after(), failed.retry_after()));
  answer.facts.emplace_back("attempt", Number(failed.attempt()));
  return answer;
}

Answer Read(const v1::Record& r) {
  Answer answer{"record", "", {{"state", Name(r.state())}}};
  Facts& facts = answer.facts;
  facts.emplace_back("attempt", Number(r.attempt()));
  facts.emplace_back("owner", Text(r.owner()));
  facts.emplace_back("fingerprint", Text(r.fingerprint()));
  facts.emplace_back("created", Instant(r.has_create_time(), r.create_time()));
  facts.emplace_back("remaining", Span(r.has_lease_remaining(), r.lease_remaining()));
  facts.emplace_back("effects_began", YesNo(r.effects_began()));
  facts.emplace_back("checkpoint", Text(r.checkpoint()));
  facts.emplace_back("previous", Name(r.previous()));
  facts.emplace_back("since", Instant(r.has_in_doubt_since(), r.in_doubt_since()));
  facts.emplace_back("completed", Instant(r.has_complete_time(), r.complete_time()));
  facts.emplace_back("expires", Instant(r.has_expire_time(), r.expire_time()));
  facts.emplace_back("forgotten", Instant(r.has_forget_time(), r.forget_time()));
  if (r.has_result()) Add(r.result(), facts);
  if (!r.has_result()) facts.emplace_back("result", Nothing{});
  if (r.has_failure()) Add(r.failure(), facts);
  if (!r.has_failure()) facts.emplace_back("failure", Nothing{});
  return answer;
}

std::string CodeName(int code) {
  static constexpr const char* kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && code < 17 ? kNames[code] : absl::StrCat(code);
}

template <class Violations>
Fact FieldsOf(const Violations& violations) {
  return Text(absl::StrJoin(violations, ",", [](std::string* out, const auto& v) { absl::StrAppend(out, v.field()); }));
}

}  // namespace

Answer ToAnswer(const v1::BeginResponse& response) {
  switch (response.answer_case()) {
    case v1::BeginResponse::kAcquired: return Read(response.acquired());
    case v1::BeginResponse::kDone: return Read(response.done());
    case v1::BeginResponse::kFailed: return Read(response.failed());
    case v1::BeginResponse::kInProgress: {
      const v1::InProgress& p = response.in_progress();
      return {"in_progress",
              "",
              {{"owner", Text(p.owner())},
               {"attempt", Number(p.attempt())},
               {"remaining", Span(p.has_lease_remaining(), p.lease_remaining())},
               {"retry_after", Span(p.has_retry_after(), p.retry_after())}}};
    }
    case v1::BeginResponse::kInDoubt: {
      const v1::InDoubt& d = response.in_doubt();
      return {"in_doubt",
              "",
              {{"owner", Text(d.owner())},
               {"since", Instant(d.has_since(), d.since())},
               {"checkpoint", Text(d.checkpoint())}}};
    }
    case v1::BeginResponse::kExpired: {
      const v1::Expired& e = response.expired();
      return {"expired", "", {{"completed", Instant(e.has_complete_time(), e.complete_time())}}};
    }
    case v1::BeginResponse::ANSWER_NOT_SET: break;
  }
  return {"(an answer that says nothing)", "", {}};
}

Answer ToAnswer(const v1::CompleteResponse& r) {
  return {"completed",
          "",
          {{"state", Name(r.state())},
           {"expires", Instant(r.has_expire_time(), r.expire_time())},
           {"already_applied", YesNo(r.already_applied())},
           {"made_final", YesNo(r.made_final())}}};
}

Answer ToAnswer(const v1::LookupResponse& response) {
  return response.has_record() ? Read(response.record()) : Answer{"no_record", "", {}};
}

Answer ToAnswer(const v1::RenewResponse& r) { return {"renewed", "", {{"lease", Span(r.has_lease(), r.lease())}}}; }
Answer ToAnswer(const v1::ReleaseResponse&) { return {"released", "", {}}; }
Answer ToAnswer(const v1::CheckpointResponse& r) {
  return {"checkpointed", "", {{"remaining", Span(r.has_lease_remaining(), r.lease_remaining())}}};
}

Answer ToAnswer(const v1::ResolveKeyResponse& r) {
  const bool free = r.state() == v1::STATE_UNSPECIFIED;
  return {"resolved",
          "",
          {{"state", free ? Fact(Nothing{}) : Name(r.state())},
           {"expires", Instant(r.has_expire_time(), r.expire_time())},
           {"already_applied", YesNo(r.already_applied())}}};
}
Answer ToAnswer(const v1::DeleteKeyResponse& r) { return {"deleted", "", {{"state", Name(r.state())}}}; }

Answer ToAnswer(const v1::ListKeysResponse& r) {
  std::vector<std::string> keys, states;
  for (const v1::ListedKey& listed : r.keys()) {
    keys.push_back(listed.key());
    states.push_back(Lower(v1::State_Name(listed.record().state()), sizeof("STATE_") - 1));
  }
  const bool last = r.next_page_token().empty();
  return {"listed",
          "",
          {{"keys", Text(absl::StrJoin(keys, ","))},
           {"states", Text(absl::StrJoin(states, ","))},
           {"next", last ? Fact(Nothing{}) : PageToken{r.next_page_token()}}}};
}

Answer ToAnswer(const v1::Error& error) {
  Answer answer{"error", error.reason(), {{"code", CodeName(error.code())}}};
  answer.facts.emplace_back("retry", YesNo(error.has_retry_delay()));
  answer.facts.emplace_back("field", FieldsOf(error.field_violations()));
  for (const auto& [name, value] : error.metadata()) answer.facts.emplace_back("meta." + name, value);
  return answer;
}

Answer ToAnswer(const grpc::Status& status) {
  Answer answer{"error", CodeName(status.error_code()), {{"code", CodeName(status.error_code())}}};
  wire::v1::Status details;
  details.ParseFromString(status.error_details());
  bool retry = false;
  Fact fields = Nothing{};
  for (const google::protobuf::Any& detail : details.details()) {
    wire::v1::ErrorInfo info;
    wire::v1::BadRequest bad_request;
    if (detail.type_url() == absl::StrCat(kTypePrefix, "ErrorInfo") && info.ParseFromString(detail.value())) {
      answer.word = info.domain() == kDomain ? info.reason() : "(of another domain: " + info.domain() + ")";
      for (const auto& [name, value] : info.metadata()) answer.facts.emplace_back("meta." + name, value);
    } else if (detail.type_url() == absl::StrCat(kTypePrefix, "BadRequest") &&
               bad_request.ParseFromString(detail.value())) {
      fields = FieldsOf(bad_request.field_violations());
    }
    retry = retry || detail.type_url() == absl::StrCat(kTypePrefix, "RetryInfo");
  }
  answer.facts.emplace_back("retry", YesNo(retry));
  answer.facts.emplace_back("field", fields);
  return answer;
}

Answer ToAnswer(const v1::SessionResponse::Answer& answer) {
  switch (answer.answer_case()) {
    case v1::SessionResponse::Answer::kBegin: return ToAnswer(answer.begin());
    case v1::SessionResponse::Answer::kComplete: return ToAnswer(answer.complete());
    case v1::SessionResponse::Answer::kLookup: return ToAnswer(answer.lookup());
    case v1::SessionResponse::Answer::kRenew: return ToAnswer(answer.renew());
    case v1::SessionResponse::Answer::kRelease: return ToAnswer(answer.release());
    case v1::SessionResponse::Answer::kCheckpoint: return ToAnswer(answer.checkpoint());
    case v1::SessionResponse::Answer::kError: return ToAnswer(answer.error());
    case v1::SessionResponse::Answer::ANSWER_NOT_SET: break;
  }
  return {"no answer", "", {}};
}

}  // namespace semel::scenario
