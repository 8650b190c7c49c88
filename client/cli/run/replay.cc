#include "client/cli/run/replay.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"
#include "client/cli/facts.h"
#include "client/cli/instant_text.h"
#include "client/cli/run/output_stream.h"
#include "client/cli/run/recorded_run.h"
#include "client/cli/run/run_exit_code.h"

namespace semel::cli {
namespace {

// `when` is empty where only the owner's clock knows.
int ReplayRun(const RecordedRun& run, const std::string& key, const std::string& when, const std::string& more,
              const RunNotices& notices) {
  notices.Note("replay of " + key + ": " + run.end.Name() + ", run by " + Shown(run.owner) + ", ended " +
               (when.empty() ? Shown(run.ended) + " by its clock" : when) + more);
  if (run.output_omitted) {
    notices.Note("its output was too large to be kept and cannot be replayed");
    return run.end.code();
  }
  const int out_error = WriteAll(STDOUT_FILENO, run.out.Shown());
  const int err_error = WriteAll(STDERR_FILENO, run.err.Shown());
  if (!run.out.whole() || !run.err.whole()) notices.Note("its output was not kept in full: --max-output");
  return ExitCodeAfterWriting(run.end.code(), out_error, err_error, notices);
}

// Whoever closed the pipe, or the stream before semel was started, wants no more.
bool IsLoss(int error) { return error != 0 && error != EPIPE && error != EBADF; }

void ReportLost(const std::string& stream, int error, const RunNotices& notices) {
  if (IsLoss(error)) notices.Warn("cannot write " + stream + ": " + std::strerror(error));
}

}  // namespace

int ExitCodeAfterWriting(int wanted, int out_error, int err_error, const RunNotices& notices) {
  ReportLost("standard output", out_error, notices);
  ReportLost("standard error", err_error, notices);
  const bool lost = IsLoss(out_error) || IsLoss(err_error);
  return lost && wanted == 0 ? static_cast<int>(kRunOutputLost) : wanted;
}

int Replay(const Done& done, const std::string& key, const RunNotices& notices) {
  if (const auto run = ToRecordedRun(done.result))
    return ReplayRun(*run, key, InstantText(done.complete_time), "", notices);
  // Completed or resolved by hand: it is done, which is all that counts.
  notices.Note("replay of " + key + ": done, but not recorded by semel run, " + InstantText(done.complete_time));
  return ExitCodeAfterWriting(0, WriteAll(STDOUT_FILENO, done.result.payload), 0, notices);
}

int Replay(const Failed& failed, const std::string& key, const RunNotices& notices) {
  const std::string more = "; " + (failed.retry_after ? "may run again in " + FormatDuration(*failed.retry_after)
                                                      : std::string("it is final"));
  if (const auto run = ToRecordedRun(failed.failure)) return ReplayRun(*run, key, "", more, notices);
  notices.Note(key + " has failed, not recorded by semel run: " + Shown(failed.failure.reason) + " " +
               Shown(failed.failure.message) + more);
  return kRunFailedElsewhere;
}

int Refuse(const InDoubt& in_doubt, const std::string& key, const RunNotices& notices) {
  notices.Note(key + " is in doubt: " + Shown(in_doubt.owner) + " fell silent half way, " +
               InstantText(in_doubt.since) +
               ". Find out whether it happened, and resolve the key; it is not run again before");
  return kRunInDoubt;
}

int Refuse(const Expired& expired, const std::string& key, const RunNotices& notices) {
  notices.Note(key + " ran to its end " + InstantText(expired.complete_time) +
               ". Its outcome is no longer stored, and it is not run again");
  return kRunExpired;
}

}  // namespace semel::cli
