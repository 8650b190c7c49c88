// What a server shows to its clients, and what it asks of them, as PEM.

#ifndef SEMEL_SERVER_RPC_TLS_IDENTITY_H_
#define SEMEL_SERVER_RPC_TLS_IDENTITY_H_

#include <string>

namespace semel::rpc {

struct TlsIdentity {
  std::string certificate_chain;  // the server's own first, then what lies between it and its authority
  std::string private_key;
  std::string client_ca;  // who signs the certificates of clients; empty: none are asked for

  bool operator==(const TlsIdentity&) const = default;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_TLS_IDENTITY_H_
