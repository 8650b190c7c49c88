// How a Client connects, how long it tries, and what it asks for where a call does not say. Plain values:
// threads may read one together, and change only their own.
//
// A server that is not there is waited for: every call tries to connect again and again, with RetryOptions' pauses, until its
// timeout is over, and then answers kUnavailable. There is no wait_for_ready to set: it would only hide from the call, and from its
// error, what is wrong with the connection.

#ifndef SEMEL_OPTIONS_H_
#define SEMEL_OPTIONS_H_

#include <chrono>
#include <functional>
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

// Files in PEM, read once by Connect.
struct Tls {
  std::string ca_file;    // what the server's certificate must be signed by. Empty: the roots that this machine trusts
  std::string cert_file;  // what this client shows to the server, with what lies between it and the CA. Empty: nothing
  std::string key_file;   // the private key of cert_file; both or neither
};

// How Begin, Complete, Lookup, Renew, Release and Checkpoint go to the server, also those of Run and of a Lease. Their answers, errors,
// timeouts and retries are the same either way. Batches, renewals in the background and the AdminClient have calls of their own always.
enum class Transport {
  // kUnary until calls overlap: then a stream is opened beside them, and takes over when it has proven to come through. Where it does
  // not, because the server is older or a proxy does not let it through, calls go on as before, and it is tried again after 5 minutes,
  // then 10, up to an hour.
  kAuto,
  // Each call by itself.
  kUnary,
  // All calls share one stream: calls that wait at the same time share a message in both directions, at a fraction of the cost. An
  // error where streams do not come through (kUnimplemented). Only requests above 4 MiB, which no server takes, go by themselves.
  kStream,
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
  // The report of Run and of a Lease with all its tries. Longer, because the effect has happened: giving up means that it is not
  // recorded.
  Duration complete_timeout = std::chrono::seconds(30);
  RetryOptions retry;
  Transport transport = Transport::kAuto;
  // Encrypts the connection. Absent: not encrypted, unless `credentials` do.
  std::optional<Tls> tls;
  // Credentials of gRPC for what `tls` cannot say; one or the other.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  // Sent with every call as `authorization: Bearer TOKEN`. Asked for at every try, on the thread of the call and on the one that
  // keeps leases alive: thread-safe, quick and without exceptions. Needs `tls` or `credentials`: it is not sent in the open. A stream
  // carries the token that was asked for when it was opened, on a thread of its own, for as long as it lives; where it ends, by the
  // server's word that the token is no longer good, too, the next one carries a new token.
  std::function<std::string()> bearer_token;
  // What calls name as their host, and the name that the server's certificate must have. Empty: that of the address.
  std::string authority;
  // While a call is under way and nothing has come for so long, the server is pinged; no pong within keepalive_timeout breaks the
  // connection, and the call is tried again. It is how a half-open connection is noticed before the deadline of the try, which is far
  // away where a Begin waits. semeld permits 10 s and more. Zero: no pings.
  Duration keepalive_time = std::chrono::seconds(30);
  Duration keepalive_timeout = std::chrono::seconds(10);
  // What the program calls itself towards the server's access logs, before gRPC's own name. Empty: semel-cpp/VERSION.
  std::string user_agent;
};

}  // namespace semel

#endif  // SEMEL_OPTIONS_H_
