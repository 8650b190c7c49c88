// What is told to everyone but the one who ran the command.

#ifndef SEMEL_CLIENT_CLI_RUN_REPLAY_H_
#define SEMEL_CLIENT_CLI_RUN_REPLAY_H_

#include <string>

#include "client/cli/run/run_notices.h"
#include "semel/answer.h"
#include "semel/client.h"

namespace semel::cli {

// Each prints what there is to print and answers what to exit with. `key` is for people: namespace/key.
int Replay(const Done& done, const std::string& key, const RunNotices& notices);
int Replay(const Failed& failed, const std::string& key, const RunNotices& notices);
int Refuse(const InDoubt& in_doubt, const std::string& key, const RunNotices& notices);
int Refuse(const Expired& expired, const std::string& key, const RunNotices& notices);

// `wanted`, or kRunOutputLost where it would claim success for output that did not arrive. A reader that has closed the pipe
// wanted no more, nor did who started semel with the stream closed.
int ExitCodeAfterWriting(int wanted, int out_error, int err_error, const RunNotices& notices);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_REPLAY_H_
