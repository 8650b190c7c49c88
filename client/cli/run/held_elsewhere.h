// A key that another run holds: whose it is, and what to tell whoever wanted to run it.

#ifndef SEMEL_CLIENT_CLI_RUN_HELD_ELSEWHERE_H_
#define SEMEL_CLIENT_CLI_RUN_HELD_ELSEWHERE_H_

#include <string>

#include "client/cli/run/run_notices.h"
#include "client/cli/run/run_once.h"
#include "semel/client.h"

namespace semel::cli {

// By the environment: whether this process is part of a command that was run under this very key.
bool IsPartOfARun(const std::string& key, const Client& client);

// Whether the attempt that holds the key is the one which runs that command: it waits for this process, so this process must not wait
// for it.
bool IsHeldByThatRun(const InProgress& in_progress, const std::string& key, const Client& client);

// Says so and answers what to exit with.
int Refuse(const InProgress& in_progress, const RunRequest& request, Client& client, const RunNotices& notices);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_HELD_ELSEWHERE_H_
