// Do a side effect once: the work is one function.
//
//   SEMEL_ADDRESS=localhost:7420 SEMEL_NAMESPACE=shop example_run 1017

#include <iostream>
#include <string>

#include "semel/client.h"

namespace {

// [run]
std::string PlaceOrder(const std::string& order, int64_t token) {
  // Hand the token to what you write to: it can refuse the smaller ones of owners that lost their lease.
  return "order " + order + " placed" + (token > 0 ? "" : " without a token");
}

int Place(semel::Client& client, const std::string& order) {
  auto outcome = client.Run("order/" + order,
                            [&](semel::Attempt& attempt) -> semel::Outcome {
                              // Only one caller gets here; all others, now or tomorrow, get what is returned.
                              return semel::Result{.payload = PlaceOrder(order, attempt.token())};
                            },
                            {.wait = std::chrono::seconds(10)});

  if (!outcome.ok()) {
    std::cerr << outcome.status() << "\n";
    return 1;
  }
  if (const semel::Result* result = outcome->result()) {
    std::cout << result->payload << (outcome->replayed ? " (before)" : "") << "\n";
  }
  return 0;
}
// [run]

}  // namespace

int main(int argc, char** argv) {
  // Address and namespace come from the environment: SEMEL_ADDRESS, SEMEL_NAMESPACE.
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  return Place(**client, argc > 1 ? argv[1] : "1017");
}
