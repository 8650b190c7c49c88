#include "client/cpp/connection.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cpp/backoff.h"
#include "client/cpp/error_details.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::shared_ptr<grpc::Channel> OpenChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(options.user_agent);
  if (options.keepalive_time > Duration::zero()) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
    // Else a Begin that waits is pinged twice and then no more: it has no data to send.
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  }
  if (!options.authority.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.authority);
    // The name that the server's certificate has to have.
    arguments.SetString(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, options.authority);
  }
  // gRPC's own pause between connection attempts grows to two minutes: far longer than a restart of the server takes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // how long one attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(
      options.address, options.credentials ? options.credentials : grpc::InsecureChannelCredentials(), arguments);
}

// The server's gRPC could not read the request, and will not: its text is all that tells.
bool IsUnreadable(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::INTERNAL && status.error_message() == "Unable to parse request";
}

// Neither the server's rules nor its storage said this: the connection broke, and gRPC found no better word for it.
bool ConnectionBroke(const grpc::Status& status) {
  return status.error_details().empty() && !IsUnreadable(status) &&
         (status.error_code() == grpc::StatusCode::UNKNOWN || status.error_code() == grpc::StatusCode::CANCELLED ||
          status.error_code() == grpc::StatusCode::INTERNAL);
}

// The other side is not the one that the options trust: no try will change that.
bool IsNotTrusted(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         (absl::StrContains(status.error_message(), "certificate verify failed") ||
          absl::StrContains(status.error_message(), "CERTIFICATE_VERIFY_FAILED") ||
          absl::StrContains(status.error_message(), "is not in peer certificate"));
}

absl::Status NotTrusted(const std::string& what, const std::string& address, const grpc::Status& status) {
  return absl::UnauthenticatedError(
      absl::StrCat(what, ": the certificate of ", address,
                   " is not trusted: it has to be signed by ClientOptions::tls.ca_file (empty: by a root of this "
                   "machine) and to name "
                   "the host of the address (or ClientOptions::authority). Nothing was changed (",
                   status.error_message(), ")"));
}

bool WorthAnotherTry(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED || ConnectionBroke(status);
}

// Whether the server may have done what the try asked for. Without a sure sign that it has not: yes.
bool MayHaveBeenDone(const grpc::Status& status, std::string_view reason) {
  if (reason == reason::kOverloaded || reason == reason::kDraining) return false;
  if (absl::StartsWith(status.error_message(), kNotSent)) return false;
  // gRPC never sent it. Its text is all that tells; should it change, the error merely claims to know less.
  const bool never_sent = absl::StartsWith(status.error_message(), "failed to connect to all addresses") ||
                          absl::StartsWith(status.error_message(), "DNS resolution failed");
  return !(status.error_code() == grpc::StatusCode::UNAVAILABLE && never_sent);
}

// What is known of a call over all its tries.
struct Tries {
  int count = 0;
  bool may_have_been_done = false;
  SteadyClock::time_point begin = SteadyClock::now();
};

const char* Advice(Repeat repeat) {
  switch (repeat) {
    case Repeat::kAsItself: return "repeat it with the same attempt id or token";
    case Repeat::kAsBefore: return "it is safe to repeat";
    case Repeat::kAnew: return "look before you repeat it";
  }
  return "";
}

absl::Status GiveUp(const absl::Status& last, const std::string& what, const std::string& address, const Tries& tries,
                    Repeat repeat) {
  const std::chrono::duration<double> taken = SteadyClock::now() - tries.begin;
  const std::string known = tries.may_have_been_done
                                ? absl::StrCat("it may or may not have been done; ", Advice(repeat))
                                : "nothing was changed";
  absl::Status error = WithMessage(
      last, absl::StrFormat("%s: no answer from %s in %d %s over %.1f s: %s (last error: %s)", what, address,
                            tries.count, tries.count == 1 ? "try" : "tries", taken.count(), known, last.message()));
  return tries.may_have_been_done ? WithOutcomeUnknown(std::move(error)) : error;
}

}  // namespace

gpr_timespec FromNow(Duration duration) {
  const gpr_timespec span = gpr_time_from_nanos(std::max(duration, Duration(1)).count(), GPR_TIMESPAN);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), span);
}

void SetTimeout(grpc::ClientContext& context, Duration timeout) { context.set_deadline(FromNow(timeout)); }

Connection::Connection(const ClientOptions& options)
    : address_(options.address),
      retry_(options.retry),
      bearer_token_(options.bearer_token),
      channel_(OpenChannel(options)) {}

void Connection::Authorize(grpc::ClientContext& context) const {
  if (bearer_token_) context.AddMetadata("authorization", "Bearer " + bearer_token_());
}

// gRPC does its input and output on the threads that wait for it, and only there. Were all callers asleep between their tries,
// a new connection would never get beyond its first packet; so they wait inside of gRPC.
void Connection::Pause(Duration duration) {
  const gpr_timespec end = FromNow(duration);
  while (channel_->WaitForStateChange(channel_->GetState(/*try_to_connect=*/true), end)) {
  }
}

absl::Status Connection::Call(const std::string& what, CallBudget budget,
                              absl::FunctionRef<grpc::Status(grpc::ClientContext&)> try_once) {
  return Repeatedly(what, budget, [&](Duration timeout) {
    grpc::ClientContext context;
    SetTimeout(context, timeout);
    Authorize(context);
    return try_once(context);
  });
}

absl::Status Connection::Repeatedly(const std::string& what, CallBudget budget,
                                    absl::FunctionRef<grpc::Status(Duration)> try_once) {
  Tries tries;
  const SteadyClock::time_point deadline = tries.begin + budget.total;
  std::optional<Backoff> backoff;
  for (;;) {
    const grpc::Status status = try_once(std::min<Duration>(budget.per_try, deadline - SteadyClock::now()));
    ++tries.count;
    absl::Status error = ToStatus(status);
    if (error.ok()) return error;
    if (IsNotTrusted(status)) {
      absl::Status refused = NotTrusted(what, address_, status);
      return tries.may_have_been_done ? WithOutcomeUnknown(std::move(refused)) : refused;
    }
    const ErrorDetails details = DetailsOf(error);
    // The last word is about the last try; an earlier one, whose reply was lost, may have been done all the same.
    if (!WorthAnotherTry(status) || details.reason == reason::kBackupFailed) {
      return tries.may_have_been_done ? WithOutcomeUnknown(std::move(error)) : error;
    }
    tries.may_have_been_done |= MayHaveBeenDone(status, details.reason);
    if (!backoff) backoff.emplace(retry_, RandomSeed());
    const Duration pause = backoff->Next(details.retry_delay);
    const bool allowed =
        tries.count < retry_.max_tries && !(budget.repeat == Repeat::kAnew && tries.may_have_been_done);
    if (!allowed || SteadyClock::now() + pause >= deadline) {
      return GiveUp(error, what, address_, tries, budget.repeat);
    }
    Pause(pause);
  }
}

}  // namespace semel
