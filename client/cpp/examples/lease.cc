// A lease as a handle, for work that is not one function: kept alive while it lives, and it says when it is lost.

#include <atomic>
#include <iostream>
#include <variant>

#include "semel/client.h"

namespace {

// [lease]
absl::Status Ship(semel::Client& client) {
  auto answer = client.Acquire({.key = "shipment/5", .lease = std::chrono::seconds(10)});
  if (!answer.ok()) return answer.status();
  auto* lease = std::get_if<semel::Lease>(&*answer);
  if (lease == nullptr) {
    std::cout << "somebody else's\n";
    return absl::OkStatus();
  }

  std::atomic<bool> stop = false;
  lease->OnLost([&stop] { stop = true; });  // on another thread: keep it short

  // Nothing has happened yet: an early return need not make others wait for the lease to lapse.
  lease->ReleaseIfDropped(true);
  const bool packed = true;
  if (!packed) return absl::CancelledError("nothing to ship");

  // From here on only Complete or Fail say how it ended. Dropped without a word, the lease lapses, and the next attempt is told that
  // this one was abandoned.
  lease->ReleaseIfDropped(false);
  if (stop || lease->lost()) return absl::AbortedError("another attempt may have taken over");
  auto completed = lease->Complete({.payload = "parcel 12"});
  if (!completed.ok()) return completed.status();
  std::cout << "shipped\n";
  return absl::OkStatus();
}
// [lease]

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  for (int i = 0; i < 2; ++i) {
    if (absl::Status status = Ship(**client); !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
  }
  return 0;
}
