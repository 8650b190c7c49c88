// How a client connects: TLS, a token, timeouts. Says what it would connect with; the server of the examples speaks plainly.

#include <fstream>
#include <iostream>
#include <string>

#include "semel/client.h"

namespace {

// [secure]
absl::StatusOr<std::unique_ptr<semel::Client>> Connect(const std::string& folder) {
  return semel::Client::Connect({
      .address = "semel.example.com:7420",
      .namespace_name = "shop",
      .call_timeout = std::chrono::seconds(20),
      .tls =
          semel::Tls{
              .ca_file = folder + "/ca.pem", .cert_file = folder + "/client.pem", .key_file = folder + "/client.key"},
      // Asked for at every try: a token that is renewed on disk is picked up.
      .bearer_token =
          [folder] {
            std::ifstream file(folder + "/token");
            std::string token;
            std::getline(file, token);
            return token;
          },
  });
}
// [secure]

}  // namespace

int main(int argc, char** argv) {
  auto client = Connect(argc > 1 ? argv[1] : "/etc/semel/tls");
  if (!client.ok()) {
    std::cout << client.status().message() << "\n";
    return 0;
  }
  std::cout << "ready to call " << (*client)->options().address << "\n";
  return 0;
}
