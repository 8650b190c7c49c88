// Checkpoints, and what cannot be taken back: an attempt that falls silent, and what the next one is told.

#include <iostream>
#include <stdexcept>
#include <string>
#include <variant>

#include "semel/client.h"

namespace {

// [checkpoint]
absl::StatusOr<semel::RunOutcome> Pay(semel::Client& client, const std::string& key, bool crash) {
  return client.Run(key,
                    [&](semel::Attempt& attempt) -> semel::Outcome {
                      if (attempt.previous() == semel::Previous::kAbandoned) {
                        // An earlier attempt fell silent: look whether its effect happened before doing it again.
                        std::cout << "found checkpoint: " << attempt.checkpoint() << "\n";
                      }
                      if (absl::Status saved = attempt.Checkpoint("amount 12.50"); !saved.ok()) {
                        return semel::Failure{.reason = "NOT_SAVED", .retryable = true};
                      }
                      if (crash)
                        throw std::runtime_error("power cut");  // nobody knows how far it came: nothing is reported
                      return semel::Result{.payload = "paid"};
                    },
                    {.lease = std::chrono::milliseconds(300), .wait = std::chrono::seconds(30)});
}
// [checkpoint]

// [in_doubt]
absl::Status Refund(semel::Client& client, const std::string& key) {
  auto answer = client.Acquire({.key = key, .lease = std::chrono::milliseconds(300)});
  if (!answer.ok()) return answer.status();
  auto& lease = std::get<semel::Lease>(*answer);
  // From here on it can neither be taken back nor looked up: if this attempt falls silent, nobody may simply run it again.
  return lease.Checkpoint("refund 7", /*effects_began=*/true);
}  // dropped without a word

absl::Status Ask(semel::Client& client, const std::string& key) {
  auto answer = client.Begin({.key = key, .wait = std::chrono::seconds(30)});
  if (!answer.ok()) return answer.status();
  if (const auto* doubt = std::get_if<semel::InDoubt>(&*answer)) {
    std::cout << "in doubt: " << doubt->checkpoint << "\n";  // a person, or a look at the bank, has to settle it
  }
  return absl::OkStatus();
}
// [in_doubt]

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  try {
    auto never = Pay(**client, "payment/1", /*crash=*/true);
    std::cerr << "not crashed: " << never.status() << "\n";
    return 1;
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << "\n";
  }
  auto paid = Pay(**client, "payment/1", /*crash=*/false);
  if (!paid.ok() || paid->result() == nullptr) {
    std::cerr << paid.status() << "\n";
    return 1;
  }
  std::cout << paid->result()->payload << "\n";

  absl::Status status = Refund(**client, "refund/7");
  if (status.ok()) status = Ask(**client, "refund/7");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
