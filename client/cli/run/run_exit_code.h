// What `semel run` exits with of its own accord. A command's own exit code is passed through as it is; these lie beyond what
// commands, sysexits.h (64 to 78) and shells (126 to 165) use. Numbers are a promise: never reuse one.

#ifndef SEMEL_CLIENT_CLI_RUN_RUN_EXIT_CODE_H_
#define SEMEL_CLIENT_CLI_RUN_RUN_EXIT_CODE_H_

#include "absl/status/status.h"

namespace semel::cli {

enum RunExitCode : int {
  kRunCannotExecute = 126,    // the command was found and cannot be executed: nothing was done, the key is free again
  kRunNotFound = 127,         // there is no such command: nothing was done, the key is free again
  kRunSignalBase = 128,       // 128 + N: signal N ended the command
  kRunUsage = 200,            // the command line is wrong, or the server refuses a value in it
  kRunInProgress = 201,       // another machine runs it, and the wait is over
  kRunMismatch = 202,         // the key stands for another input
  kRunInDoubt = 203,          // nobody knows whether it happened
  kRunExpired = 204,          // it ran long ago: its outcome is no longer stored
  kRunUnavailable = 205,      // no answer from the server: the command was not started
  kRunLeaseLost = 206,        // the lease was lost while the command ran: it was ended
  kRunNotRecorded = 207,      // the command ran to its end, and that is not known to be recorded
  kRunOutputLost = 208,       // the command succeeded and is recorded, but its output could not be written here
  kRunFailedElsewhere = 209,  // the key has failed, as somebody recorded who was not `semel run`
  kRunRefused = 210,          // not allowed, or a limit is reached
  kRunError = 211,            // anything that has no code of its own
};

inline constexpr char kRunExitCodeHelp[] =
    "Exit codes: those of the command, also when it is replayed (128 + N: signal N ended it), and\n"
    "  126  the command cannot be executed; nothing was done, the key is free again\n"
    "  127  the command does not exist; nothing was done, the key is free again\n"
    "  200  wrong usage, or a value that the server refuses\n"
    "  201  in progress elsewhere, and the wait is over; or the command asks for the key that it is run under\n"
    "  202  the key stands for another input (fingerprint mismatch)\n"
    "  203  in doubt: nobody knows whether it happened\n"
    "  204  it ran long ago, its outcome is no longer stored\n"
    "  205  no answer from the server; the command was not started\n"
    "  206  the lease was lost while the command ran; it was ended\n"
    "  207  the command ran to its end, but that is not known to be recorded, or the key was released, deleted, "
    "completed\n"
    "       or taken over while it ran\n"
    "  208  the command succeeded and is recorded, but its output could not be written\n"
    "  209  the key has failed, recorded by other means than semel run\n"
    "  210  not allowed, or a limit is reached\n"
    "  211  another error; the command was not started";

// For a run that did not come to start its command.
RunExitCode RunExitCodeOf(const absl::Status& error);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_RUN_EXIT_CODE_H_
