// A TCP connection to a port of this machine, and the bytes of HTTP/2, for what no gRPC client would send.

#ifndef SEMEL_TESTS_HARDSHIP_RAW_CONNECTION_H_
#define SEMEL_TESTS_HARDSHIP_RAW_CONNECTION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "tests/support/patience.h"

namespace semel::hardship {

class RawConnection {
 public:
  explicit RawConnection(int port);
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawConnection& operator=(RawConnection&&) = delete;

  bool connected() const { return socket_ >= 0; }
  bool Send(std::string_view bytes);  // false: the other side does not take them
  // Reads until the other side closes. False: it did not, for so long.
  bool AwaitClosed(absl::Duration patience = support::kPatience);
  std::string ReadSome();  // waits for something; empty: closed, or it said nothing for long
  void Reset();            // closes without a goodbye: the other side gets RST

 private:
  int socket_ = -1;
};

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class FrameType : uint8_t { kData = 0, kHeaders = 1, kSettings = 4, kContinuation = 9 };

std::string Frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload);
std::string Hello();                                                       // preface and empty settings
std::string UnaryCall(std::string_view method, std::string_view message);  // on stream 1, after Hello

}  // namespace semel::hardship

#endif  // SEMEL_TESTS_HARDSHIP_RAW_CONNECTION_H_
