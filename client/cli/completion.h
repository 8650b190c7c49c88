// Completion scripts for shells, made from the command line's outline.

#ifndef SEMEL_CLIENT_CLI_COMPLETION_H_
#define SEMEL_CLIENT_CLI_COMPLETION_H_

#include <string>

#include "client/cli/outline.h"

namespace semel::cli {

// Each completes commands, options, values that are one of few words, and files.
std::string BashCompletion(const CommandOutline& semel);
std::string ZshCompletion(const CommandOutline& semel);
std::string FishCompletion(const CommandOutline& semel);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_COMPLETION_H_
