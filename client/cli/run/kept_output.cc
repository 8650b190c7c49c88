#include "client/cli/run/kept_output.h"

#include <algorithm>

namespace semel::cli {

std::string KeptOutput::Shown() const {
  if (whole()) return head + tail;
  const bool line_is_open = !head.empty() && head.back() != '\n';
  return head + (line_is_open ? "\n" : "") + "[semel: " + std::to_string(size - kept()) + " bytes were not kept]\n" +
         tail;
}

KeptOutput Shrunk(const KeptOutput& output, size_t bound) {
  if (output.kept() <= bound) return output;
  KeptOutput shrunk{.size = output.size};
  // A whole output may stand in `head` alone.
  const std::string rest = output.whole() ? output.head + output.tail : output.tail;
  const size_t tail = std::min(rest.size(), bound / 2);
  shrunk.tail = rest.substr(rest.size() - tail);
  shrunk.head = (output.whole() ? rest : output.head).substr(0, bound - tail);
  return shrunk;
}

void OutputKeeper::Append(std::string_view bytes) {
  size_ += bytes.size();
  const size_t room = bound_ - head_.size();
  head_ += bytes.substr(0, room);
  if (bytes.size() <= room) return;
  tail_ += bytes.substr(room);
  // Erasing from the front costs: do it once in a while.
  if (tail_.size() > 2 * tail_bound()) tail_.erase(0, tail_.size() - tail_bound());
}

KeptOutput OutputKeeper::Kept() const {
  KeptOutput kept{.head = head_, .size = size_};
  if (size_ == head_.size()) return kept;
  // The last bytes may begin within what was kept as head.
  const size_t from_tail = std::min(tail_.size(), tail_bound());
  const size_t from_head = tail_bound() - from_tail;
  kept.tail = head_.substr(head_.size() - from_head) + tail_.substr(tail_.size() - from_tail);
  kept.head.resize(bound_ - kept.tail.size());
  return kept;
}

}  // namespace semel::cli
