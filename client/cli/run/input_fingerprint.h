// What `semel run` binds a key to: files, environment variables, the command line.
//
// The fingerprint is the SHA-256 of a text that any tool can write. One line for each part, each with the part's size in bytes
// and the SHA-256 of its bytes in lower-case hexadecimal digits, every line ended by a newline:
//
//   semel run fingerprint v1
//   file SIZE SHA256              for each --fingerprint-file, in the order given; the name does not count
//   env NAME SIZE SHA256          for each --fingerprint-env, in the order given
//   unset NAME                    the same, where the variable is not set
//   argument SIZE SHA256          with --fingerprint-command: the command and each of its arguments

#ifndef SEMEL_CLIENT_CLI_RUN_INPUT_FINGERPRINT_H_
#define SEMEL_CLIENT_CLI_RUN_INPUT_FINGERPRINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace semel::cli {

struct RunInput {
  std::vector<std::string> files;      // paths
  std::vector<std::string> variables;  // names in the environment
  std::vector<std::string> arguments;  // the command line, where it counts
};

// Empty where nothing was named: the key is then bound to nothing.
// Errors: kInvalidArgument, for a file that cannot be read and for what can be no variable's name.
absl::StatusOr<std::string> CanonicalInput(const RunInput& input);
absl::StatusOr<std::string> FingerprintOf(const RunInput& input);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_INPUT_FINGERPRINT_H_
