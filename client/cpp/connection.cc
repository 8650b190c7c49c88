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

std::shared_ptr<grpc::Channel> OpenChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  // gRPC's own pause between connection attempts grows to two minutes: far longer than a restart of the server takes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // how long one attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(
      options.address, options.credentials ? options.credentials : grpc::InsecureChannelCredentials(), arguments);
}

// On the monotonic clock: a step of the wall clock must neither cut a call short nor make it endless.
gpr_timespec FromNow(Duration duration) {
  const gpr_timespec span = gpr_time_from_nanos(std::max(duration, Duration(1)).count(), GPR_TIMESPAN);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), span);
}

// Neither the server's rules nor its storage said this: the connection broke, and gRPC found no better word for it.
bool ConnectionBroke(const grpc::Status& status) {
  return status.error_details().empty() &&
         (status.error_code() == grpc::StatusCode::UNKNOWN || status.error_code() == grpc::StatusCode::CANCELLED ||
          status.error_code() == grpc::StatusCode::INTERNAL);
}

bool WorthAnotherTry(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED || ConnectionBroke(status);
}

// Whether the server may have done what the try asked for. Without a sure sign that it has not: yes.
bool MayHaveBeenDone(const grpc::Status& status, std::string_view reason) {
  if (reason == reason::kOverloaded || reason == reason::kDraining) return false;
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

absl::Status GiveUp(const absl::Status& last, const std::string& what, const std::string& address, const Tries& tries) {
  const std::chrono::duration<double> taken = SteadyClock::now() - tries.begin;
  const std::string known = tries.may_have_been_done
                                ? "it may or may not have been done; repeat it with the same attempt id or token"
                                : "nothing was changed";
  absl::Status error = WithMessage(
      last, absl::StrFormat("%s: no answer from %s in %d %s over %.1f s: %s (last error: %s)", what, address,
                            tries.count, tries.count == 1 ? "try" : "tries", taken.count(), known, last.message()));
  return tries.may_have_been_done ? WithOutcomeUnknown(std::move(error)) : error;
}

}  // namespace

void SetTimeout(grpc::ClientContext& context, Duration timeout) { context.set_deadline(FromNow(timeout)); }

Connection::Connection(const ClientOptions& options)
    : address_(options.address),
      retry_(options.retry),
      channel_(OpenChannel(options)),
      stub_(v1::IdempotencyService::NewStub(channel_)) {}

// gRPC does its input and output on the threads that wait for it, and only there. Were all callers asleep between their tries,
// a new connection would never get beyond its first packet; so they wait inside of gRPC.
void Connection::Pause(Duration duration) {
  const gpr_timespec end = FromNow(duration);
  while (channel_->WaitForStateChange(channel_->GetState(/*try_to_connect=*/true), end)) {
  }
}

absl::Status Connection::Call(const std::string& what, CallBudget budget,
                              absl::FunctionRef<grpc::Status(grpc::ClientContext&)> try_once) {
  Tries tries;
  const SteadyClock::time_point deadline = tries.begin + budget.total;
  std::optional<Backoff> backoff;
  for (;;) {
    grpc::ClientContext context;
    SetTimeout(context, std::min<Duration>(budget.per_try, deadline - SteadyClock::now()));
    const grpc::Status status = try_once(context);
    ++tries.count;
    absl::Status error = ToStatus(status);
    if (error.ok()) return error;
    // The last word is about the last try; an earlier one, whose reply was lost, may have been done all the same.
    if (!WorthAnotherTry(status)) return tries.may_have_been_done ? WithOutcomeUnknown(std::move(error)) : error;

    const ErrorDetails details = DetailsOf(error);
    tries.may_have_been_done |= MayHaveBeenDone(status, details.reason);
    if (!backoff) backoff.emplace(retry_, RandomSeed());
    const Duration pause = backoff->Next(details.retry_delay);
    if (tries.count >= retry_.max_tries || SteadyClock::now() + pause >= deadline) {
      return GiveUp(error, what, address_, tries);
    }
    Pause(pause);
  }
}

}  // namespace semel
