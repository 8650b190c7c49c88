// Numbers and sizes as people read them.

#ifndef SEMEL_CLIENT_CLI_NUMBER_TEXT_H_
#define SEMEL_CLIENT_CLI_NUMBER_TEXT_H_

#include <cstdint>
#include <string>

namespace semel::cli {

// 1,234,567
std::string Grouped(int64_t number);
// 512 B, 1.5 MiB, 12 GiB: two digits at least.
std::string RoughSize(int64_t bytes);
// 1.5 MiB (1,572,864 bytes)
std::string SizeText(int64_t bytes);
// With one decimal below ten: 0.3, 12, 1,204. For rates.
std::string RoughNumber(double number);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_NUMBER_TEXT_H_
