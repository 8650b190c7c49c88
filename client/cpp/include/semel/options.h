// How a Client connects, how long it tries, and what it asks for where a call does not say.

#ifndef SEMEL_OPTIONS_H_
#define SEMEL_OPTIONS_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "semel/outcome.h"

namespace grpc {
class ChannelCredentials;
}

namespace semel {

// How lost replies and an unavailable server are retried. Every call of the service is safe to repeat, because it carries an
// attempt id or a token; so all are. The pause before try n+1 is drawn between zero and
// min(max_backoff, initial_backoff * multiplier^(n-1)) ("full jitter", Brooker, "Exponential Backoff And Jitter", 2015), and
// never shorter than what the server asked for.
struct RetryOptions {
  int max_tries = 50;  // at least 1; 1 does not retry. The call's timeout is the bound that usually ends it
  Duration initial_backoff = std::chrono::milliseconds(50);
  Duration max_backoff = std::chrono::seconds(2);
  double multiplier = 2.0;
};

struct ClientOptions {
  // host:port, or any other target that gRPC understands. Empty: the environment's SEMEL_ADDRESS, else localhost:7420.
  std::string address;
  // Who the keys belong to: [a-z0-9][a-z0-9._-]{0,62}. Empty: the environment's SEMEL_NAMESPACE. Neither is an error.
  std::string namespace_name;
  // What this process calls itself, for people: at most 128 bytes of UTF-8. Empty: host:pid.
  std::string owner;
  // How long an owner may stay silent, 10 ms to the namespace's lease_max. Absent: the namespace's lease_default.
  std::optional<Duration> lease;
  // A call with all its tries. The time that a Begin was asked to wait comes on top.
  Duration call_timeout = std::chrono::seconds(10);
  // One try of a call; what a lost reply costs where the connection does not break.
  Duration try_timeout = std::chrono::seconds(2);
  // The Complete of Run with all its tries. Longer, because the effect has happened: giving up means that it is not recorded.
  Duration complete_timeout = std::chrono::seconds(30);
  RetryOptions retry;
  // For example grpc::SslCredentials(...). Null: not encrypted.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
};

}  // namespace semel

#endif  // SEMEL_OPTIONS_H_
