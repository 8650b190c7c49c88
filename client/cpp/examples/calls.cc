// The conversation by hand: Begin, the effect, Complete. What Client::Run does for you otherwise.

#include <iostream>
#include <variant>

#include "semel/client.h"

namespace {

// [calls]
absl::Status Converse(semel::Client& client) {
  auto answer = client.Begin({.key = "invoice/88", .lease = std::chrono::seconds(30), .owner = "till-3"});
  if (!answer.ok()) return answer.status();

  if (const auto* acquired = std::get_if<semel::Acquired>(&*answer)) {
    // ... the effect goes here; renew before acquired->lease is over ...
    auto lease = client.Renew({.key = "invoice/88", .token = acquired->token});
    if (!lease.ok()) return lease.status();
    auto completed = client.Complete(
        {.key = "invoice/88", .token = acquired->token, .outcome = semel::Result{.payload = "printed"}});
    if (!completed.ok()) return completed.status();
    std::cout << "done by attempt " << acquired->attempt << "\n";
  } else if (const auto* done = std::get_if<semel::Done>(&*answer)) {
    std::cout << "done before: " << done->result.payload << "\n";
  } else if (const auto* in_progress = std::get_if<semel::InProgress>(&*answer)) {
    std::cout << "in progress at " << in_progress->owner << "\n";
  }
  return absl::OkStatus();
}
// [calls]

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  for (int i = 0; i < 2; ++i) {
    if (absl::Status status = Converse(**client); !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
  }
  // One call in another namespace, and with a timeout of its own.
  auto elsewhere = (*client)->Lookup("invoice/88", {.namespace_name = "depot", .timeout = std::chrono::seconds(20)});
  if (!elsewhere.ok()) {
    std::cerr << elsewhere.status() << "\n";
    return 1;
  }
  std::cout << (elsewhere->has_value() ? "known" : "unknown") << " in depot\n";
  return 0;
}
