// What `semel` exits with, so that scripts need not read its output. Numbers are a promise: never reuse one.

#ifndef SEMEL_CLIENT_CLI_EXIT_CODE_H_
#define SEMEL_CLIENT_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "semel/answer.h"

namespace semel::cli {

enum class ExitCode {
  kOk = 0,          // begin: acquired, do the work now; all others: done as asked
  kError = 1,       // anything that has no code of its own; backup: none was made
  kUsage = 2,       // the command line or a value in it is wrong; nothing was sent or nothing changed
  kDone = 3,        // begin: the effect was done before, here is its result
  kFailed = 4,      // begin: an earlier attempt failed
  kInProgress = 5,  // begin: another attempt owns the key
  kInDoubt = 6,     // begin: nobody knows whether the effect happened
  kExpired = 7,     // begin: done long ago, its outcome is no longer stored
  kNoRecord = 8,    // complete, checkpoint, renew, lookup, resolve, delete: the key is not known
  kMismatch = 9,    // begin: the key stands for another request
  kStale = 10,      // complete, checkpoint, renew, release: another attempt took over
  kConflict =
      11,  // complete, checkpoint, renew, release: another outcome is stored, or the attempt has ended; resolve: it is not in doubt
  kUnavailable = 12,  // no answer; the message says whether something may have been done
  kRefused = 13,      // not allowed, not configured, or a limit is reached
  kUnsound = 14,      // verify, restore, backups: damage was found
};

inline constexpr char kExitCodeHelp[] =
    "Exit codes:\n"
    "   0  begin: acquired, do the work now; all others: done as asked\n"
    "   1  another error; backup: it failed, none was added; delete: the question was answered with no\n"
    "   2  wrong usage, or a value that the server refuses\n"
    "   3  begin: done before, its result is printed\n"
    "   4  begin: an earlier attempt failed, its failure is printed\n"
    "   5  begin: in progress elsewhere\n"
    "   6  begin: in doubt, nobody knows whether it happened\n"
    "   7  begin: done long ago, its outcome is no longer stored\n"
    "   8  complete, checkpoint, renew, lookup, resolve, delete: the key is not known\n"
    "   9  begin: the key stands for another request (fingerprint mismatch)\n"
    "  10  complete, checkpoint, renew, release: another attempt took over (stale token)\n"
    "  11  complete, checkpoint, renew, release: another outcome is stored, or the attempt has ended;\n"
    "      resolve: another outcome is stored, or the key is not in doubt\n"
    "  12  no answer from the server\n"
    "  13  not allowed, not configured, or a limit is reached\n"
    "  14  verify, restore, backups: damage was found";

ExitCode ExitCodeOf(const BeginAnswer& answer);
ExitCode ExitCodeOf(const absl::Status& error);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_EXIT_CODE_H_
