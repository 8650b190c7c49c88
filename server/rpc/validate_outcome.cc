#include "server/rpc/validate_outcome.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace semel::rpc {
namespace {

using engine::Duration;
using engine::Policy;

bool IsReason(std::string_view reason) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return !reason.empty() && reason.size() <= engine::kMaxReasonBytes && upper(reason.front()) &&
         std::all_of(reason.begin(), reason.end(),
                     [&](char c) { return upper(c) || (c >= '0' && c <= '9') || c == '_'; });
}

storage::Attributes TakeAttributes(const google::protobuf::Map<std::string, std::string>& wire, FieldCheck& check) {
  storage::Attributes attributes(wire.begin(), wire.end());
  std::sort(attributes.begin(), attributes.end());  // the order of a map on the wire is arbitrary
  if (attributes.size() > engine::kMaxAttributes) {
    check.Fail("result.attributes",
               absl::StrCat("at most ", engine::kMaxAttributes, " of them; came ", attributes.size()));
  }
  size_t bytes = 0;
  for (const auto& [name, value] : attributes) {
    bytes += name.size() + value.size();
    if (name.empty() || name.size() > engine::kMaxAttributeNameBytes) {
      check.Fail("result.attributes",
                 absl::StrCat("names of 1 to ", engine::kMaxAttributeNameBytes, " bytes; came ", name.size()));
    }
    if (value.size() > engine::kMaxAttributeValueBytes) {
      check.Fail("result.attributes",
                 absl::StrCat("values of at most ", engine::kMaxAttributeValueBytes, " bytes; came ", value.size()));
    }
  }
  check.Size("result.attributes", bytes, engine::kMaxAttributesBytes);
  return attributes;
}

}  // namespace

storage::Result TakeResult(v1::Result& wire, FieldCheck& check) {
  if (wire.omitted() && !wire.payload().empty()) {
    check.Fail("result.payload",
               absl::StrCat("must be empty where omitted is true; came ", wire.payload().size(), " bytes"));
  }
  check.Size("result.content_type", wire.content_type().size(), engine::kMaxContentTypeBytes);
  storage::Result result;
  result.attributes = TakeAttributes(wire.attributes(), check);
  result.omitted = wire.omitted();
  result.payload_size = wire.payload().size();
  result.payload = std::move(*wire.mutable_payload());
  result.content_type = std::move(*wire.mutable_content_type());
  return result;
}

storage::Failure TakeFailure(v1::Failure& wire, FieldCheck& check) {
  if (!IsReason(wire.reason())) {
    check.Fail("failure.reason", "required, [A-Z][A-Z0-9_]{0,63}, for example CARD_DECLINED");
  }
  check.Size("failure.message", wire.message().size(), engine::kMaxFailureMessageBytes);
  check.Size("failure.details", wire.details().size(), engine::kMaxFailureDetailsBytes);
  storage::Failure failure;
  if (wire.has_retry_after()) {
    failure.retry_after =
        check.Within("failure.retry_after", wire.retry_after(), Duration::zero(), engine::kMaxRetryAfter);
    if (!wire.retryable())
      check.Fail("failure.retry_after", "only with retryable: a final failure is never tried again");
  }
  failure.reason = std::move(*wire.mutable_reason());
  failure.message = std::move(*wire.mutable_message());
  failure.details = std::move(*wire.mutable_details());
  failure.retryable = wire.retryable();
  return failure;
}

engine::Refusal ResultTooLarge(size_t size, const Policy& policy) {
  const std::string limit = absl::StrCat(policy.max_result_bytes);
  return {.reason = engine::Reason::kResultTooLarge,
          .message = absl::StrCat("the result has ", size, " bytes, this namespace keeps at most ", limit,
                                  "; nothing changed: complete with `omitted`, so that the effect stays done"),
          .metadata = {{"limit", limit}, {"size", absl::StrCat(size)}},
          .violations = {{"result.payload", absl::StrCat("at most ", limit, " bytes; came ", size)}}};
}

}  // namespace semel::rpc
