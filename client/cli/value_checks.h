// What is wrong with a value of the command line, found before anything is sent.

#ifndef SEMEL_CLIENT_CLI_VALUE_CHECKS_H_
#define SEMEL_CLIENT_CLI_VALUE_CHECKS_H_

#include <cstdint>
#include <limits>

#include <CLI/CLI.hpp>

namespace semel::cli {

// Takes decimal digits only: CLI11 itself also reads 0x10, takes 010 for eight, and cuts what 64 bits do not hold.
CLI::Validator WholeNumber(int64_t least, int64_t most = std::numeric_limits<int64_t>::max());

// Makes every option of `app` and of its commands refuse
//   - an empty value, except where an empty text means something: `-n "$UNSET"` must not fall back to another namespace;
//   - bytes that are no UTF-8, except where a value is bytes, or the name of a file: no message of the protocol could carry them.
void RefuseValuesThatAreNone(CLI::App& app);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_VALUE_CHECKS_H_
