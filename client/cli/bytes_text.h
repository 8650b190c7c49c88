// Bytes as text, and back.

#ifndef SEMEL_CLIENT_CLI_BYTES_TEXT_H_
#define SEMEL_CLIENT_CLI_BYTES_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace semel::cli {

std::string ToHex(std::string_view bytes);
// Upper or lower case. nullopt for an odd number of digits or anything that is no digit.
std::optional<std::string> FromHex(std::string_view digits);

// Whether a terminal shows these bytes as what they are: UTF-8 without control characters other than tab and newline.
bool IsText(std::string_view bytes);

// Quoted for a POSIX shell where that is needed.
std::string ShellQuoted(std::string_view word);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_BYTES_TEXT_H_
