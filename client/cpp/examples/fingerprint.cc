// A key stands for one request: the same key with another content is a mistake that somebody should hear of.

#include <iostream>
#include <string>

#include "semel/client.h"

namespace {

// [fingerprint]
void Charge(semel::Client& client, const std::string& body) {
  auto outcome =
      client.Run("charge/42", [](semel::Attempt&) -> semel::Outcome { return semel::Result{.payload = "charged"}; },
                 {.fingerprint = semel::FingerprintOf(body)});
  if (outcome.ok()) {
    std::cout << outcome->result()->payload << "\n";
  } else if (semel::DetailsOf(outcome.status()).reason == semel::reason::kFingerprintMismatch) {
    std::cout << "the key stands for another request\n";
  } else {
    std::cout << outcome.status() << "\n";
  }
}
// [fingerprint]

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  Charge(**client, R"({"amount": 1250})");
  Charge(**client, R"({"amount": 1250})");
  Charge(**client, R"({"amount": 9999})");
  return 0;
}
