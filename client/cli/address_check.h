// Where semeld listens, as people write it: looked at before gRPC gets it, which takes nearly everything and then finds nobody there.

#ifndef SEMEL_CLIENT_CLI_ADDRESS_CHECK_H_
#define SEMEL_CLIENT_CLI_ADDRESS_CHECK_H_

#include <string>
#include <string_view>

namespace semel::cli {

// What is wrong with `address`; empty where it may lead to a server: HOST:PORT with a port from 1 to 65535 and IPv6 in brackets, or
// what gRPC takes beside that (dns:///HOST:PORT, ipv4:HOST:PORT,HOST:PORT, unix:PATH, ...).
std::string AddressProblem(std::string_view address);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_ADDRESS_CHECK_H_
