// What `semel run` says on standard error, beside the command's own words.

#ifndef SEMEL_CLIENT_CLI_RUN_RUN_NOTICES_H_
#define SEMEL_CLIENT_CLI_RUN_RUN_NOTICES_H_

#include <string>

namespace semel::cli {

class RunNotices {
 public:
  explicit RunNotices(bool quiet) : quiet_(quiet) {}

  // One line; not with --quiet.
  void Note(const std::string& text) const;
  // What the caller has to know even so. May have several lines; the first begins with "semel: ".
  void Warn(const std::string& text) const;

 private:
  const bool quiet_;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_RUN_NOTICES_H_
