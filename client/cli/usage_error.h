// What is said of a command line that was not understood.

#ifndef SEMEL_CLIENT_CLI_USAGE_ERROR_H_
#define SEMEL_CLIENT_CLI_USAGE_ERROR_H_

#include <string>

#include <CLI/CLI.hpp>

namespace semel::cli {

// What is wrong, and where it says how it is right; ends with a newline. `app` is the whole tree, which has parsed and thrown `error`.
std::string ExplainUsage(const CLI::App& app, const CLI::Error& error);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_USAGE_ERROR_H_
