// Finds where replies begin in what an HTTP/2 server sends.

#ifndef SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_
#define SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace semel::demo {

// Every frame has 9 bytes of header: the length of the rest in the first three, its type in the fourth, flags in the fifth, the stream
// in the last four. A reply begins with a HEADERS frame (RFC 9113, sections 4.1 and 6.2); where one stream carries many, each after the
// first begins with a DATA frame. In these every message has 5 bytes of prefix, of which the last four are its length (gRPC over
// HTTP2, "Length-Prefixed-Message"). Not thread-safe.
class ReplyFrames {
 public:
  // Takes bytes off the front of `received` and appends to `passed` what may go on to the client. Returns true where the
  // next frame begins a reply: its header is kept back, and goes on with the next call.
  bool Next(std::string_view& received, std::string& passed) {
    while (!received.empty()) {
      if (remaining_ > 0) {
        PassPayload(received, passed);
        continue;
      }
      if (header_.size() == kHeaderBytes) PassHeader(passed);
      if (remaining_ > 0 || received.empty()) continue;
      header_ += received.front();
      received.remove_prefix(1);
      if (header_.size() < kHeaderBytes) continue;
      if (BeginsReply()) return true;
      PassHeader(passed);
    }
    return false;
  }

 private:
  static constexpr size_t kHeaderBytes = 9;
  static constexpr uint8_t kDataFrame = 0;
  static constexpr uint8_t kHeadersFrame = 1;
  static constexpr uint8_t kEndsStream = 1;  // flag
  static constexpr size_t kPrefixBytes = 5;

  // The messages of one stream.
  struct Messages {
    int begun = 0;
    std::string prefix;    // of the one that begins, as far as it has come
    size_t remaining = 0;  // bytes of the one that is passing
    bool between() const { return remaining == 0 && prefix.empty(); }

    void Pass(std::string_view bytes) {
      while (!bytes.empty()) {
        if (remaining > 0) {
          const size_t count = bytes.size() < remaining ? bytes.size() : remaining;
          remaining -= count;
          bytes.remove_prefix(count);
          continue;
        }
        prefix += bytes.front();
        bytes.remove_prefix(1);
        if (prefix.size() < kPrefixBytes) continue;
        for (size_t i = 1; i < kPrefixBytes; ++i) remaining = remaining << 8 | static_cast<uint8_t>(prefix[i]);
        prefix.clear();
        ++begun;
      }
    }
  };

  uint8_t Byte(size_t i) const { return static_cast<uint8_t>(header_[i]); }

  bool BeginsReply() {
    stream_ = header_.substr(5);
    is_data_ = Byte(3) == kDataFrame;
    if (Byte(3) == kHeadersFrame) {
      if (Byte(4) & kEndsStream) streams_.erase(stream_);
      return true;
    }
    return is_data_ && streams_[stream_].begun > 0 && streams_[stream_].between();
  }

  void PassHeader(std::string& passed) {
    remaining_ = (static_cast<size_t>(Byte(0)) << 16) | (static_cast<size_t>(Byte(1)) << 8) | Byte(2);
    passed += header_;
    header_.clear();
  }

  void PassPayload(std::string_view& received, std::string& passed) {
    const std::string_view payload = received.substr(0, remaining_);
    if (is_data_) streams_[stream_].Pass(payload);
    passed.append(payload);
    remaining_ -= payload.size();
    received.remove_prefix(payload.size());
  }

  std::string header_;    // of the frame that begins, as far as it has come
  size_t remaining_ = 0;  // bytes of the frame that is being passed on
  std::string stream_;    // to which that frame belongs
  bool is_data_ = false;
  std::map<std::string, Messages> streams_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_REPLY_FRAMES_H_
