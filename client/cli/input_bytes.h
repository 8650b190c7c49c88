// Bytes that a command takes from a file or from standard input.

#ifndef SEMEL_CLIENT_CLI_INPUT_BYTES_H_
#define SEMEL_CLIENT_CLI_INPUT_BYTES_H_

#include <cstddef>
#include <string>

namespace semel::cli {

// The content of the file at `path`, or of standard input where that is "-"; at most `most` bytes, and one more where there are
// more. `option` is named in the CLI::ValidationError that is thrown where it cannot be read.
std::string ReadInput(const std::string& option, const std::string& path, size_t most);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_INPUT_BYTES_H_
