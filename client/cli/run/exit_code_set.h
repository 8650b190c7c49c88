// Which exit codes of a command are final: "2,64-78", or "any".

#ifndef SEMEL_CLIENT_CLI_RUN_EXIT_CODE_SET_H_
#define SEMEL_CLIENT_CLI_RUN_EXIT_CODE_SET_H_

#include <bitset>
#include <optional>
#include <string_view>

namespace semel::cli {

// Of 1 to 255; 0 is no failure.
class ExitCodeSet {
 public:
  // nullopt for anything but "any" or a list of numbers and ranges of 1 to 255.
  static std::optional<ExitCodeSet> Parse(std::string_view text);

  bool Contains(int exit_code) const { return exit_code > 0 && exit_code < 256 && codes_[exit_code]; }

 private:
  std::bitset<256> codes_;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_EXIT_CODE_SET_H_
