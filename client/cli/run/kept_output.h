// What is kept of a stream that may be endless: all of it up to a bound; beyond, its beginning and its end.

#ifndef SEMEL_CLIENT_CLI_RUN_KEPT_OUTPUT_H_
#define SEMEL_CLIENT_CLI_RUN_KEPT_OUTPUT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace semel::cli {

// The stream had `size` bytes; what lies between head and tail was left out.
struct KeptOutput {
  std::string head;
  std::string tail;
  size_t size = 0;

  size_t kept() const { return head.size() + tail.size(); }
  bool whole() const { return kept() == size; }
  // With a line in place of what was left out.
  std::string Shown() const;
};

// The same with at most `bound` bytes.
KeptOutput Shrunk(const KeptOutput& output, size_t bound);

class OutputKeeper {
 public:
  explicit OutputKeeper(size_t bound) : bound_(bound) {}

  void Append(std::string_view bytes);
  KeptOutput Kept() const;

 private:
  size_t tail_bound() const { return bound_ / 2; }

  const size_t bound_;
  std::string head_;  // the first bytes, up to the whole bound as long as nothing was left out
  std::string tail_;  // what came after the head: at least the last tail_bound() bytes of it
  size_t size_ = 0;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_KEPT_OUTPUT_H_
