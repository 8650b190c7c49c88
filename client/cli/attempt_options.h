// Which attempt an owner's call is about. Inside of `semel run` the environment knows.

#ifndef SEMEL_CLIENT_CLI_ATTEMPT_OPTIONS_H_
#define SEMEL_CLIENT_CLI_ATTEMPT_OPTIONS_H_

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

namespace semel::cli {

struct AttemptOptions {
  std::string key;
  int64_t token = 0;
};

// `key_name` is "KEY,--key", or "--key" where what stands alone means something else.
void AddAttemptOptions(CLI::App& command, const std::string& key_name, AttemptOptions& attempt);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_ATTEMPT_OPTIONS_H_
