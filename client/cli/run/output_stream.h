// One output stream of the command on its way to ours: passed on as it comes, and kept.

#ifndef SEMEL_CLIENT_CLI_RUN_OUTPUT_STREAM_H_
#define SEMEL_CLIENT_CLI_RUN_OUTPUT_STREAM_H_

#include <cstddef>
#include <string>

#include "client/cli/run/kept_output.h"

namespace semel::cli {

// Not thread-safe. Never waits, but for Flush.
class OutputStream {
 public:
  // `from` does not block; `to` may.
  OutputStream(int from, int to, size_t max_kept);
  ~OutputStream();
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;

  int from() const { return from_; }
  int to() const { return to_; }

  // While the command runs, it is held back by whoever does not read our output. `ending`: it has ended, and what it left behind
  // is taken in, so that its outcome need not wait for that reader.
  bool WantsToRead(bool ending) const;
  bool WantsToWrite() const { return !pending_.empty(); }
  bool at_end() const { return at_end_; }

  void Read();
  void Write();
  // Waits until all is written, or cannot be.
  void Flush();

  KeptOutput Kept() const { return keeper_.Kept(); }
  // The errno that ended writing, or 0. What came after it was kept, not passed on.
  int write_error() const { return write_error_; }

 private:
  const int from_;
  const int reopened_;  // `to` once more, so that it does not block for us and still does for others; or -1
  const int to_;
  OutputKeeper keeper_;
  std::string pending_;  // read and not yet written
  bool at_end_ = false;
  int write_error_ = 0;
};

// Writes all of it; the errno that ended it, or 0.
int WriteAll(int to, const std::string& bytes);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_OUTPUT_STREAM_H_
