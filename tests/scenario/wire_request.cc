#include <functional>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/scenario/wire.h"

namespace semel::scenario {
namespace {

// How each field of a call is set. False: the value is not one.
using Setters = std::map<std::string, std::function<bool(const Value&)>>;

std::function<bool(const Value&)> Text(std::string* text) {
  return [text](const Value& value) {
    *text = value.text;
    return true;
  };
}

// Nanoseconds are refused by nobody; a duration of a transcript has microseconds.
std::function<bool(const Value&)> Span(std::function<google::protobuf::Duration*()> field) {
  return [field](const Value& value) {
    std::optional<Duration> duration = ParseDuration(value.text);
    if (!duration) return false;
    field()->set_seconds(duration->count() / 1'000'000);
    field()->set_nanos(static_cast<int32_t>(duration->count() % 1'000'000 * 1000));
    return true;
  };
}

std::function<bool(const Value&)> YesNo(std::function<void(bool)> set) {
  return [set](const Value& value) {
    set(value.text == "yes");
    return value.text == "yes" || value.text == "no";
  };
}

std::function<bool(const Value&)> Number(std::function<void(int32_t)> set) {
  return [set](const Value& value) {
    int32_t number = 0;
    const bool ok = absl::SimpleAtoi(value.text, &number);
    if (ok) set(number);
    return ok;
  };
}

template <class Request>
std::function<bool(const Value&)> TokenOf(Request& request, const Names& names) {
  return [&](const Value& value) {
    int64_t number = 0;
    auto named = names.tokens.find(value.text);
    if (named == names.tokens.end() && !absl::SimpleAtoi(value.text, &number)) return false;
    request.set_token(named == names.tokens.end() ? number : named->second);
    return true;
  };
}

template <class Request>
absl::Status Set(const std::string& key, const Fields& fields, const Speaker& speaker, Request& request,
                 Setters setters) {
  request.set_namespace_(speaker.ns);
  if constexpr (requires { request.set_key(key); }) request.set_key(key);
  setters["ns"] = Text(request.mutable_namespace_());
  for (const Field& field : fields) {
    auto setter = setters.find(absl::StartsWith(field.name, "attribute.") ? "attribute." : field.name);
    if (setter == setters.end()) return absl::InvalidArgumentError(absl::StrCat("the call has no field ", field.name));
    Value value = field.value;
    if (setter->first == "attribute.") value.text = absl::StrCat(field.name.substr(10), "=", value.text);
    if (!setter->second(value)) {
      return absl::InvalidArgumentError(absl::StrCat("not a value of ", field.name, ": ", field.value.text));
    }
  }
  return absl::OkStatus();
}

// A word stands for 16 bytes, the same word for the same bytes; in quotes it stands for itself.
std::string AttemptId(const Value& value) {
  std::string id = value.text;
  if (!value.quoted) id.resize(16, '.');
  return id;
}

}  // namespace

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names&,
                  v1::BeginRequest& request) {
  request.set_owner(speaker.who);
  request.set_attempt_id(speaker.attempt_id);
  return Set(key, fields, speaker, request,
             {{"id",
               [&](const Value& value) {
                 request.set_attempt_id(AttemptId(value));
                 return true;
               }},
              {"owner", Text(request.mutable_owner())},
              {"fingerprint", Text(request.mutable_fingerprint())},
              {"lease", Span([&] { return request.mutable_lease(); })},
              {"wait", Span([&] { return request.mutable_wait(); })}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::CompleteRequest& request) {
  auto add_attribute = [&](const Value& value) {
    size_t sign = value.text.find('=');
    (*request.mutable_result()->mutable_attributes())[value.text.substr(0, sign)] = value.text.substr(sign + 1);
    return true;
  };
  auto result = [&](const Value& value) { return Text(request.mutable_result()->mutable_payload())(value); };
  auto type = [&](const Value& value) { return Text(request.mutable_result()->mutable_content_type())(value); };
  auto failure = [&](const Value& value) { return Text(request.mutable_failure()->mutable_reason())(value); };
  auto message = [&](const Value& value) { return Text(request.mutable_failure()->mutable_message())(value); };
  auto details = [&](const Value& value) { return Text(request.mutable_failure()->mutable_details())(value); };
  return Set(key, fields, speaker, request,
             {{"token", TokenOf(request, names)},
              {"result", result},
              {"content_type", type},
              {"attribute.", add_attribute},
              {"omitted", YesNo([&](bool yes) { request.mutable_result()->set_omitted(yes); })},
              {"failure", failure},
              {"message", message},
              {"details", details},
              {"retryable", YesNo([&](bool yes) { request.mutable_failure()->set_retryable(yes); })},
              {"retry_after", Span([&] { return request.mutable_failure()->mutable_retry_after(); })},
              {"retention", Span([&] { return request.mutable_retention(); })}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names&,
                  v1::LookupRequest& request) {
  return Set(key, fields, speaker, request, {});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::RenewRequest& request) {
  return Set(key, fields, speaker, request,
             {{"token", TokenOf(request, names)}, {"lease", Span([&] { return request.mutable_lease(); })}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::ReleaseRequest& request) {
  return Set(key, fields, speaker, request, {{"token", TokenOf(request, names)}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::CheckpointRequest& request) {
  return Set(key, fields, speaker, request,
             {{"token", TokenOf(request, names)},
              {"data", Text(request.mutable_data())},
              {"effects_began", YesNo([&](bool yes) { request.set_effects_began(yes); })}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names&,
                  v1::ResolveKeyRequest& request) {
  request.set_actor(speaker.who);
  request.set_reason("as the transcript says");
  return Set(key, fields, speaker, request,
             {{"result", [&](const Value& value) { return Text(request.mutable_result()->mutable_payload())(value); }},
              {"failure", [&](const Value& value) { return Text(request.mutable_failure()->mutable_reason())(value); }},
              {"retryable", YesNo([&](bool yes) { request.mutable_failure()->set_retryable(yes); })},
              {"absent",
               [&](const Value& value) {
                 if (value.text == "yes") request.mutable_absent();
                 return value.text == "yes";
               }},
              {"attempt", Number([&](int32_t attempt) { request.set_attempt(attempt); })},
              {"retention", Span([&] { return request.mutable_retention(); })}});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names&,
                  v1::DeleteKeyRequest& request) {
  request.set_actor(speaker.who);
  request.set_reason("as the transcript says");
  return Set(key, fields, speaker, request, {});
}

absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::ListKeysRequest& request) {
  auto state = [&](const Value& value) {
    v1::State named = v1::STATE_UNSPECIFIED;
    const bool ok = v1::State_Parse(absl::StrCat("STATE_", absl::AsciiStrToUpper(value.text)), &named);
    request.set_state(named);
    return ok;
  };
  auto page = [&](const Value& value) {
    const auto named = names.pages.find(value.text);
    if (named != names.pages.end()) request.set_page_token(named->second);
    return named != names.pages.end();
  };
  return Set(key, fields, speaker, request,
             {{"prefix", Text(request.mutable_key_prefix())},
              {"state", state},
              {"page_size", Number([&](int32_t size) { request.set_page_size(size); })},
              {"page", page}});
}

}  // namespace semel::scenario
