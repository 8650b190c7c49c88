#include "tests/scenario/settings.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace semel::scenario {
namespace {

// False: the value is not one.
using Setter = std::function<bool(const std::string&)>;

Setter Into(storage::Duration& setting) {
  return [&setting](const std::string& text) {
    std::optional<Duration> duration = ParseDuration(text);
    if (duration) setting = *duration;
    return duration.has_value();
  };
}

template <class Number>
Setter IntoNumber(Number& setting) {
  return [&setting](const std::string& text) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number)) return false;
    setting = static_cast<Number>(number);
    return true;
  };
}

absl::Status Apply(const Fields& fields, const std::map<std::string, Setter>& setters) {
  for (const Field& field : fields) {
    auto setter = setters.find(field.name);
    if (setter == setters.end()) return absl::InvalidArgumentError(absl::StrCat("there is no setting ", field.name));
    if (!setter->second(field.value.text)) {
      return absl::InvalidArgumentError(absl::StrCat("not a value of ", field.name, ": ", field.value.text));
    }
  }
  return absl::OkStatus();
}

absl::Status Apply(const Fields& fields, engine::Policy& policy) {
  auto on_lapse = [&](const std::string& text) {
    policy.on_lapse = text == "in_doubt" ? engine::LapsePolicy::kInDoubt : engine::LapsePolicy::kRerun;
    return text == "in_doubt" || text == "rerun";
  };
  auto require_fingerprint = [&](const std::string& text) {
    policy.require_fingerprint = text == "yes";
    return text == "yes" || text == "no";
  };
  return Apply(fields, {{"lease_default", Into(policy.lease_default)},
                        {"lease_max", Into(policy.lease_max)},
                        {"result_retention", Into(policy.result_retention)},
                        {"result_retention_max", Into(policy.result_retention_max)},
                        {"key_retention", Into(policy.key_retention)},
                        {"on_lapse", on_lapse},
                        {"abandoned_retention", Into(policy.abandoned_retention)},
                        {"max_attempts", IntoNumber(policy.max_attempts)},
                        {"max_result_bytes", IntoNumber(policy.max_result_bytes)},
                        {"max_checkpoint_bytes", IntoNumber(policy.max_checkpoint_bytes)},
                        {"require_fingerprint", require_fingerprint}});
}

}  // namespace

absl::StatusOr<ServiceSettings> SettingsOf(const Scenario& scenario) {
  ServiceSettings settings;
  for (const auto& [name, fields] : scenario.namespaces) {
    absl::Status status = Apply(fields, settings.namespaces[name]);
    if (!status.ok()) return status;
  }
  absl::Status status =
      Apply(scenario.server, {{"max_waiters", IntoNumber(settings.limits.max_waiters)},
                              {"max_waiters_per_key", IntoNumber(settings.limits.max_waiters_per_key)},
                              {"max_open_keys", IntoNumber(settings.limits.max_open_keys)}});
  if (!status.ok()) return status;
  return settings;
}

}  // namespace semel::scenario
