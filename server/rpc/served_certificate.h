// The certificate in force. It can be replaced while the server runs: connections that are being made from then on get the new one,
// those that stand keep what they were made with.
//
//   ServedCertificate served(identity);
//   builder.AddListeningPort("127.0.0.1:0", served.Credentials());
//   served.Replace(renewed);
//
// gRPC 1.51's FileWatcherCertificateProvider reads files by itself, but tells nobody what it refused; so whoever reads the files does
// it here, and gRPC asks at every connection whether there is something new.

#ifndef SEMEL_SERVER_RPC_SERVED_CERTIFICATE_H_
#define SEMEL_SERVER_RPC_SERVED_CERTIFICATE_H_

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <mutex>
#include <utility>

#include "server/rpc/tls_identity.h"

namespace semel::rpc {

class ServedCertificate {
 public:
  // The PEM must have been checked: what OpenSSL does not take, gRPC passes over in silence. With a client_ca, clients without a
  // certificate that it signed are refused; whether there is one stays as it is here.
  explicit ServedCertificate(TlsIdentity identity) : identity_(std::move(identity)) {}
  ServedCertificate(const ServedCertificate&) = delete;
  ServedCertificate& operator=(const ServedCertificate&) = delete;

  // Any thread.
  void Replace(TlsIdentity identity);

  // For one port of one server, which this must outlive. TLS 1.2 and later, which is the least that gRPC takes.
  std::shared_ptr<grpc::ServerCredentials> Credentials();

 private:
  class OwnCredentials;

  static grpc_ssl_certificate_config_reload_status Fetch(void* served, grpc_ssl_server_certificate_config** config);

  std::mutex mutex_;
  TlsIdentity identity_;     // guarded by mutex_
  bool handed_out_ = false;  // guarded by mutex_: gRPC has this one already
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SERVED_CERTIFICATE_H_
