// Do a side effect once.
//
//   auto client = semel::Client::Connect({.address = "localhost:7420", .namespace_name = "shop"});
//   if (!client.ok()) return client.status();
//
//   auto outcome = (*client)->Run("order/1017", [&](semel::Attempt& attempt) -> semel::Outcome {
//     return semel::Result{.payload = shop.Place(order, attempt.token())};
//   });
//   if (!outcome.ok()) return outcome.status();
//   if (const semel::Result* result = outcome->result()) Reply(result->payload, outcome->replayed);
//
// The function runs for one caller; all others, now or a day later, here or elsewhere, get its stored result.

#ifndef SEMEL_CLIENT_H_
#define SEMEL_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "semel/answer.h"
#include "semel/attempt.h"
#include "semel/error.h"
#include "semel/lease.h"
#include "semel/options.h"
#include "semel/outcome.h"
#include "semel/request.h"

namespace semel {

struct ClientCore;

struct RunOptions {
  std::string namespace_name;         // as CallOptions
  std::string fingerprint;            // as BeginRequest
  std::optional<Duration> lease;      // as BeginRequest
  Duration wait{};                    // as BeginRequest; zero answers InProgress at once
  std::string owner;                  // as BeginRequest
  std::optional<Duration> retention;  // as CompleteRequest
};

// What became of a Run.
struct RunOutcome {
  // Done and Failed: by this call or by an earlier one. The others: fn was not called.
  std::variant<Done, Failed, InProgress, InDoubt, Expired> answer;
  // True: the outcome is another attempt's and was read from the record; fn was not called.
  bool replayed = false;
  // True: this call's result could not be stored as it is, because it was too large or the server refused a field of it. It is
  // whole here; duplicates are told Result::omitted.
  bool omitted = false;
  // As Completed::refused, of this call's outcome: what the server refused of it, or of RunOptions::retention. Log it. The effect is
  // recorded without that; a failure is whole here but for retry_after, which is what counts.
  std::string refused;
  std::vector<std::string> left_out;  // as Completed::left_out

  // The result, or null where the answer is not Done.
  const Result* result() const;
  // The failure, or null where the answer is not Failed.
  const Failure* failure() const;
};

// A connection to the service, for one namespace unless a call names another. Thread-safe: one Client serves all threads of a process.
//
// All calls block until there is an answer or until their timeout is over, and retry meanwhile as RetryOptions says. Errors:
// see semel/error.h. Every call may fail with FIELD_INVALID, kUnavailable and kDeadlineExceeded; beyond these, what is named
// with it.
class Client {
 public:
  using Function = std::function<Outcome(Attempt&)>;

  // Checks the options and returns without waiting for the server, which may not be there yet.
  // Errors: kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(ClientOptions options);

  // No call may be running. Leases may live on.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const ClientOptions& options() const;

  // How single calls go at this moment: kUnary, or kStream. What ClientOptions::transport says; for kAuto what it has come to.
  Transport transport_in_use() const;

  // Acquires, and if the key is acquired calls fn on this thread, keeps the lease alive until it returns, and completes with
  // what it returned. Otherwise answers what is recorded, and fn is not called.
  //
  // If fn throws, nobody knows how far it came: nothing is reported, the lease is left to lapse, the exception passes
  // through. The next attempt is then told Previous::kAbandoned, or the key is in doubt. Return a Failure only where the
  // effect did not happen.
  //
  // Where the server refuses a part of what fn returned, or the retention, the rest is recorded, so that a repeated call does not run
  // fn again: RunOutcome::refused tells.
  //
  // Errors with ErrorDetails::fn_ran false: fn was not called, the call is safe to repeat; kFailedPrecondition
  // (FINGERPRINT_MISMATCH). With fn_ran true: the outcome could not be recorded, among them kAborted (TOKEN_STALE): the lease
  // was lost and another attempt took over. A repeated call then runs fn again, unless the first report arrived after all.
  absl::StatusOr<RunOutcome> Run(std::string_view key, const Function& fn, const RunOptions& options = {});

  // Asks for ownership of a key, and keeps the lease alive for as long as the answered Lease lives. Safe to repeat with the
  // same attempt id, while no Lease of it is held.
  // Errors: kFailedPrecondition (FINGERPRINT_MISMATCH).
  absl::StatusOr<AcquireAnswer> Acquire(const BeginRequest& request, const CallOptions& options = {});

  // Asks for ownership of a key. The lease is not kept alive: Renew it. Safe to repeat with the same attempt id.
  // Errors: kFailedPrecondition (FINGERPRINT_MISMATCH).
  absl::StatusOr<BeginAnswer> Begin(const BeginRequest& request, const CallOptions& options = {});

  // Reports how an attempt ended. Safe to repeat with the same outcome. Accepted after the lease lapsed, also from in doubt,
  // while no other attempt acquired the key.
  // Errors: kNotFound (KEY_NOT_FOUND), kAborted (TOKEN_STALE), kFailedPrecondition (OUTCOME_CONFLICT), kInvalidArgument
  // (RESULT_TOO_LARGE: nothing changed; complete with Result::omitted instead).
  absl::StatusOr<Completed> Complete(const CompleteRequest& request, const CallOptions& options = {});

  // Reads a key; nullopt where there is no record. Changes nothing, always safe.
  absl::StatusOr<std::optional<Record>> Lookup(std::string_view key, const CallOptions& options = {});

  // Extends the lease, counted from now, and answers its length. Safe to repeat.
  // Errors: kNotFound (KEY_NOT_FOUND), kAborted (TOKEN_STALE), kFailedPrecondition (NOT_IN_PROGRESS).
  absl::StatusOr<Duration> Renew(const RenewRequest& request, const CallOptions& options = {});

  // Gives the key back: "I did nothing, let another try now". Safe to repeat.
  // Errors: kAborted (TOKEN_STALE), kFailedPrecondition (NOT_IN_PROGRESS).
  absl::Status Release(std::string_view key, int64_t token, const CallOptions& options = {});

  // Saves bytes for the next attempt and may declare that effects began; see Lease::Checkpoint. Answers the time until the
  // lease lapses. Safe to repeat.
  // Errors: kNotFound (KEY_NOT_FOUND), kAborted (TOKEN_STALE), kFailedPrecondition (NOT_IN_PROGRESS).
  absl::StatusOr<Duration> Checkpoint(std::string_view key, int64_t token, std::string_view data, bool effects_began,
                                      const CallOptions& options = {});

  // Many requests in few messages; one answer or error for each, in order. Items are independent; those of one message, up to
  // 1,000 requests and 4 MiB, share one group commit. More go in several messages, one after another. An item that no message
  // can carry has an error of its own (RESULT_TOO_LARGE, FIELD_INVALID) and is not sent.
  //
  // Errors of the whole call: where the first message got no answer, or the server refused it. Where a later one got none, the
  // answers so far stand, and its items and all after them carry the error: DetailsOf(item.status()).outcome_unknown is true for
  // those that were sent. Repeat these with the same attempt ids (give them, or they are drawn anew) or tokens.
  // A batch does not wait: FIELD_INVALID for items with BeginRequest::wait. Leases are not kept alive: BatchRenew them.
  absl::StatusOr<std::vector<absl::StatusOr<BeginAnswer>>> BatchBegin(const std::vector<BeginRequest>& requests,
                                                                      const CallOptions& options = {});
  absl::StatusOr<std::vector<absl::StatusOr<Completed>>> BatchComplete(const std::vector<CompleteRequest>& requests,
                                                                       const CallOptions& options = {});
  absl::StatusOr<std::vector<absl::StatusOr<Duration>>> BatchRenew(const std::vector<RenewRequest>& requests,
                                                                   const CallOptions& options = {});

 private:
  friend class Lease;
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit Client(std::shared_ptr<ClientCore> core);

  // `granted`: a moment before the server answered, from which an acquired lease safely counts.
  absl::StatusOr<BeginAnswer> BeginNoting(const BeginRequest& request, const CallOptions& options, SteadyTime& granted);
  absl::StatusOr<AcquireAnswer> Hold(const std::string& key, Acquired acquired, SteadyTime granted,
                                     const CallOptions& options);

  const std::shared_ptr<ClientCore> core_;
};

}  // namespace semel

#endif  // SEMEL_CLIENT_H_
