// What is recorded of a command that ran when the server refuses a part of it: less, but a record. Without one the command would be
// run again.

#ifndef SEMEL_CLIENT_CLI_RUN_LESSER_RECORD_H_
#define SEMEL_CLIENT_CLI_RUN_LESSER_RECORD_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/run/run_notices.h"
#include "semel/client.h"

namespace semel::cli {

// The server refuses what was reported, and would refuse it again.
bool IsRefused(const absl::Status& error);

// What to report instead, the most first: without the options that were refused, without the output, and at last how the
// command ended and nothing else.
std::vector<CompleteRequest> LesserRecords(const CompleteRequest& refused, const absl::Status& refusal);

// Reports these until one is taken, and says what was refused and what is missing. Otherwise: the last error.
absl::StatusOr<Completed> RecordLess(Client& client, const CompleteRequest& refused, const absl::Status& refusal,
                                     const RunNotices& notices);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_LESSER_RECORD_H_
