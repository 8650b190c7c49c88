// Runs an order once, as a user's program would; SEMEL_ADDRESS says where.

#include <iostream>

#include <semel/admin_client.h>
#include <semel/client.h>

int main() {
  auto client = semel::Client::Connect({.namespace_name = "shop"});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  auto outcome = (*client)->Run("order/1017", [](semel::Attempt& attempt) -> semel::Outcome {
    return semel::Result{.payload = "placed by attempt " + std::to_string(attempt.number())};
  });
  if (!outcome.ok() || outcome->result() == nullptr) {
    std::cerr << outcome.status() << "\n";
    return 1;
  }
  std::cout << outcome->result()->payload << (outcome->replayed ? ", replayed" : "") << std::endl;
  return 0;
}
