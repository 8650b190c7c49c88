// Finds where replies begin in what an HTTP/2 server sends.

#ifndef SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_
#define SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace semel::demo {

// Every frame has 9 bytes of header, of which the first three are the length of the rest and the fourth is its type; a reply
// begins with a HEADERS frame (RFC 9113, sections 4.1 and 6.2). Not thread-safe.
class ReplyFrames {
 public:
  // Takes bytes off the front of `received` and appends to `passed` what may go on to the client. Returns true where the
  // next frame begins a reply: its header is kept back, and goes on with the next call.
  bool Next(std::string_view& received, std::string& passed) {
    while (!received.empty()) {
      if (remaining_ > 0) {
        const size_t count = received.size() < remaining_ ? received.size() : remaining_;
        passed.append(received.substr(0, count));
        received.remove_prefix(count);
        remaining_ -= count;
        continue;
      }
      if (header_.size() == kHeaderBytes) PassHeader(passed);
      if (remaining_ > 0 || received.empty()) continue;
      header_ += received.front();
      received.remove_prefix(1);
      if (header_.size() < kHeaderBytes) continue;
      if (Byte(3) == kHeadersFrame) return true;
      PassHeader(passed);
    }
    return false;
  }

 private:
  static constexpr size_t kHeaderBytes = 9;
  static constexpr uint8_t kHeadersFrame = 1;

  uint8_t Byte(size_t i) const { return static_cast<uint8_t>(header_[i]); }
  void PassHeader(std::string& passed) {
    remaining_ = (static_cast<size_t>(Byte(0)) << 16) | (static_cast<size_t>(Byte(1)) << 8) | Byte(2);
    passed += header_;
    header_.clear();
  }

  std::string header_;    // of the frame that begins, as far as it has come
  size_t remaining_ = 0;  // bytes of the frame that is being passed on
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_
