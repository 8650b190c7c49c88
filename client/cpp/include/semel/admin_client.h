// What operators need: find keys, settle those in doubt, make Semel forget one, look inside, back up.
//
//   auto admin = semel::AdminClient::Connect({.address = "localhost:7420"});
//   if (!admin.ok()) return admin.status();
//
//   // What nobody knows the end of, in all namespaces.
//   absl::Status listed = (*admin)->ForEachKey({.state = semel::State::kInDoubt}, [](const semel::ListedKey& key) {
//     std::cout << key.namespace_name << " " << key.key << " " << key.record.owner << "\n";
//     return true;  // go on
//   });
//
//   // Somebody looked at the bank's side: the money moved.
//   auto resolved = (*admin)->ResolveKey({.namespace_name = "shop",
//                                         .key = "order/1017",
//                                         .resolution = semel::Result{.payload = "charge 88"},
//                                         .reason = "the bank's statement has it",
//                                         .actor = "jo"});
//
// Meant for people and their tools, not for the path of requests: that is semel::Client.

#ifndef SEMEL_ADMIN_CLIENT_H_
#define SEMEL_ADMIN_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "semel/answer.h"
#include "semel/error.h"
#include "semel/options.h"
#include "semel/outcome.h"

namespace semel {

// Which keys to list.
struct ListKeysRequest {
  std::string namespace_name;  // empty: of all namespaces
  std::string key_prefix;  // only keys that begin with this, at most 255 bytes of printable ASCII; needs a namespace
  std::optional<State> state;  // absent: in any. kInProgress and kInDoubt are answered from memory, without a scan
  int page_size = 100;         // at most so many keys a page, 1 to 1,000
  std::string page_token;      // KeysPage::next_page_token of the page before, all else but page_size as it was
};

struct ListedKey {
  std::string namespace_name;
  std::string key;
  // As Client::Lookup would show it, but without result payload, failure details and checkpoint: payload_left_out,
  // details_left_out and checkpoint_size tell that there are some.
  Record record;
  int checkpoint_size = 0;  // in bytes
};

struct KeysPage {
  std::vector<ListedKey> keys;  // may be fewer than page_size, even none, without being the last page
  std::string next_page_token;  // empty: that was the last page
};

// Nothing happened: the key is free for another attempt.
struct Absent {};

// What an operator found out about a key in doubt.
struct ResolveKeyRequest {
  std::string namespace_name;
  std::string key;
  // Required. Result: the effect happened, duplicates get this result. Failure: it did not, or only in part; with `retryable`
  // another attempt may run. Absent: nothing happened.
  std::variant<std::monostate, Result, Failure, Absent> resolution;
  // How long to replay the outcome; as CompleteRequest::retention. Not with Absent.
  std::optional<Duration> retention;
  std::string reason;  // required. Why, for the audit log: 1 to 512 bytes of UTF-8
  std::string actor;   // required. Who decided, for the audit log: 1 to 128 bytes of UTF-8
  // The attempt that was looked at, from Record::attempt: only that one is resolved, so that a late repetition never settles an
  // attempt which began since. Zero: whichever is in doubt.
  int attempt = 0;
};

struct Resolved {
  std::optional<State> state;       // kDone or kFailed; none where the key is free again
  std::optional<Time> expire_time;  // until when the outcome is replayed; none where the key is free again
  bool already_applied = false;     // an earlier call had settled the key in the same way: nothing changed
};

struct DeleteKeyRequest {
  std::string namespace_name;
  std::string key;
  std::string reason;  // required. Why, for the audit log: 1 to 512 bytes of UTF-8
  std::string actor;   // required. Who decided, for the audit log: 1 to 128 bytes of UTF-8
};

// Keys that an attempt owns or owned, at this instant, and their bounds.
struct OpenKeys {
  int64_t in_progress = 0;
  int64_t in_doubt = 0;  // those whose lease lapsed into doubt unnoticed still count as in progress
  int64_t bytes = 0;     // of variable-length content that they hold in memory
  int64_t max_keys = 0;
  int64_t max_bytes = 0;
};

// What became of the calls of a namespace since the process began.
struct NamespaceFigures {
  std::string namespace_name;  // "(other)": all that the configuration does not name, together
  std::map<std::string, int64_t>
      begins;                // by outcome: acquired, done, failed, in_progress, in_doubt, expired, mismatch, refused
  int64_t takeovers = 0;     // attempts that took over from an abandoned one
  int64_t stale_tokens = 0;  // calls of owners that had lost their key
  int64_t completed_done = 0;
  int64_t completed_failed = 0;
};

struct Backup {
  int64_t id = 0;          // from 1; `semel restore --backup` takes it
  Time create_time{};      // of the machine's wall clock, in whole seconds
  int64_t size_bytes = 0;  // of all files that belong to it
};

// Figures about the server. Counters begin at zero with the process.
struct Stats {
  std::string version;  // release of the server, for example 0.1.0
  Time start_time{};    // when this process began to serve
  Time server_time{};   // the server's time now
  Duration
      wall_clock_offset{};  // how far the machine's wall clock is ahead of the server's time; negative after it was set back
  std::string not_ready_reason;  // why the server promises nothing at the moment; empty while all is well
  OpenKeys open_keys;
  int64_t waiters = 0;          // callers that wait for a key, at this instant
  int64_t calls_in_flight = 0;  // accepted and not answered yet, waiters included
  std::vector<NamespaceFigures> namespaces;
  std::map<std::string, double> storage;  // by metric name without the prefix semel_, for example rocksdb_level0_files
  std::optional<Backup> last_backup;      // none where none is known
};

struct CreateBackupRequest {
  std::string reason;  // why, for the audit log: at most 512 bytes of UTF-8
  std::string actor;   // required. Who asked, for the audit log: 1 to 128 bytes of UTF-8
  // How long to wait for it, above zero. A server that is still at it then goes on: the next CreateBackup is refused until it is done.
  Duration timeout = std::chrono::hours(1);
};

struct CreatedBackup {
  Backup backup;
  int64_t copied_bytes = 0;  // that had to be copied for it; the rest was there from earlier backups
  Duration duration{};       // how long it took
  int backups_kept = 0;      // that the directory holds now
};

// A connection to the service's administration. Thread-safe: one AdminClient serves all threads of a process.
//
// All calls block until there is an answer or until ClientOptions::call_timeout is over. What is safe to repeat is repeated
// meanwhile as RetryOptions says; what would do it once more is repeated only while it is certain that nothing was done, and
// answers an error with ErrorDetails::outcome_unknown otherwise. Errors: see semel/error.h. Every call may fail with
// FIELD_INVALID, ADMIN_FORBIDDEN (the server does not serve administration here), kUnavailable and kDeadlineExceeded; beyond
// these, what is named with it.
class AdminClient {
 public:
  // Checks the options and returns without waiting for the server, which may not be there yet. Of the options those of the
  // connection, call_timeout, try_timeout and retry count; namespace_name, owner and lease are ignored, as every request
  // names what it is about.
  // Errors: kInvalidArgument.
  static absl::StatusOr<std::unique_ptr<AdminClient>> Connect(ClientOptions options);

  // No call may be running.
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  const ClientOptions& options() const;

  // A page of keys: first the open ones (in progress, in doubt; oldest write first), then the settled ones in the order of
  // their names. Keys that change between two pages may be listed twice or not at all, all others once. Changes nothing.
  // Errors: FIELD_INVALID also for a page token of another listing.
  absl::StatusOr<KeysPage> ListKeys(const ListKeysRequest& request);

  // Every key of all pages from request.page_token on, one after another, on this thread. `visit` answers whether to go on.
  // The first error ends it; keys visited before it were visited.
  absl::Status ForEachKey(const ListKeysRequest& request, const std::function<bool(const ListedKey&)>& visit);

  // Settles a key in doubt. Repeated after a lost reply, and then answered with already_applied; but Absent and a retryable
  // Failure only where `attempt` is named, because another attempt may have begun and fallen in doubt meanwhile.
  // Errors: kNotFound (KEY_NOT_FOUND: also where the owner itself released it), kFailedPrecondition (NOT_IN_DOUBT: in progress,
  // or another attempt than the one named; OUTCOME_CONFLICT: settled meanwhile, to another outcome), kInvalidArgument
  // (RESULT_TOO_LARGE).
  absl::StatusOr<Resolved> ResolveKey(const ResolveKeyRequest& request);

  // Makes Semel forget a key, whatever its state: the next Begin runs the effect again. An owner that still works can no longer
  // complete. Answers the state that it was in. Not repeated after a lost reply: another attempt may have begun meanwhile.
  // Errors: kNotFound (KEY_NOT_FOUND).
  absl::StatusOr<State> DeleteKey(const DeleteKeyRequest& request);

  // Figures about the server, its namespaces and its storage. Changes nothing.
  absl::StatusOr<Stats> GetStats();

  // Backs up all that was acknowledged before the call, while the server goes on serving, into the directory that the server is
  // configured with. Incremental. Answers when the backup is on disk. Waits for request.timeout instead of call_timeout; not
  // repeated after a lost reply, because that makes another backup.
  // Errors: kFailedPrecondition (BACKUP_NOT_CONFIGURED), kAborted (BACKUP_RUNNING, with retry_delay), kUnavailable
  // (BACKUP_FAILED: no backup was added; the message says what to mend).
  absl::StatusOr<CreatedBackup> CreateBackup(const CreateBackupRequest& request);

 private:
  struct Core;

  explicit AdminClient(std::unique_ptr<Core> core);

  const std::unique_ptr<Core> core_;
};

}  // namespace semel

#endif  // SEMEL_ADMIN_CLIENT_H_
