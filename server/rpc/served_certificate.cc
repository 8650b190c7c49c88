#include "server/rpc/served_certificate.h"

#include <grpc/grpc.h>

#include <string>
#include <utility>

namespace semel::rpc {

// grpcpp has no class for certificates that change by the server's word; the C core underneath has, and a port is all that is asked
// of credentials.
class ServedCertificate::OwnCredentials final : public grpc::ServerCredentials {
 public:
  explicit OwnCredentials(ServedCertificate& served) : served_(served) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}  // none is ever set

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    bool asks_clients = false;
    {
      const std::lock_guard lock(served_.mutex_);
      asks_clients = !served_.identity_.client_ca.empty();
    }
    grpc_server_credentials* credentials =
        grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
            asks_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                         : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            &Fetch, &served_));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);  // the server holds its own share
    return port;
  }

  ServedCertificate& served_;
};

std::shared_ptr<grpc::ServerCredentials> ServedCertificate::Credentials() {
  return std::make_shared<OwnCredentials>(*this);
}

void ServedCertificate::Replace(TlsIdentity identity) {
  const std::lock_guard lock(mutex_);
  identity_ = std::move(identity);
  handed_out_ = false;
}

// At every connection, in the thread that accepts them: so it is quick.
grpc_ssl_certificate_config_reload_status ServedCertificate::Fetch(void* served,
                                                                   grpc_ssl_server_certificate_config** config) {
  auto& self = *static_cast<ServedCertificate*>(served);
  const std::lock_guard lock(self.mutex_);
  if (self.handed_out_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{.private_key = self.identity_.private_key.c_str(),
                                        .cert_chain = self.identity_.certificate_chain.c_str()};
  // Debian's gRPC aborts where there are no roots, also when nobody is asked for a certificate: then any will do.
  const std::string& roots =
      self.identity_.client_ca.empty() ? self.identity_.certificate_chain : self.identity_.client_ca;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);  // which copies
  self.handed_out_ = true;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace semel::rpc
