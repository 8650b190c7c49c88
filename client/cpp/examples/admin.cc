// The operator's calls: find what is in doubt, settle it, forget a key, look at the figures.

#include <iostream>
#include <variant>

#include "semel/admin_client.h"
#include "semel/client.h"

namespace {

// [admin]
absl::Status SettleAll(semel::AdminClient& admin) {
  std::vector<semel::ListedKey> in_doubt;
  absl::Status listed =
      admin.ForEachKey({.namespace_name = "shop", .state = semel::State::kInDoubt}, [&](const semel::ListedKey& key) {
        in_doubt.push_back(key);
        return true;  // go on
      });
  if (!listed.ok()) return listed;

  for (const semel::ListedKey& key : in_doubt) {
    // Somebody looked at the bank's side: the money moved.
    auto resolved = admin.ResolveKey({.namespace_name = key.namespace_name,
                                      .key = key.key,
                                      .resolution = semel::Result{.payload = "charge 88"},
                                      .reason = "the bank's statement has it",
                                      .actor = "jo",
                                      .attempt = key.record.attempt});  // the one that was looked at, no later one
    if (!resolved.ok()) return resolved.status();
    std::cout << "settled " << key.key << "\n";
  }
  return absl::OkStatus();
}
// [admin]

// Leaves a key in doubt.
absl::Status FallSilent(semel::Client& client) {
  auto answer = client.Acquire({.key = "charge/1", .lease = std::chrono::milliseconds(100)});
  if (!answer.ok()) return answer.status();
  absl::Status began = std::get<semel::Lease>(*answer).Checkpoint("", /*effects_began=*/true);
  answer = absl::UnknownError("dropped");
  return began.ok() ? client.Begin({.key = "charge/1", .wait = std::chrono::seconds(30)}).status() : began;
}

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  auto admin = semel::AdminClient::Connect({});
  if (!client.ok() || !admin.ok()) {
    std::cerr << client.status() << admin.status() << "\n";
    return 1;
  }
  absl::Status status = FallSilent(**client);
  if (status.ok()) status = SettleAll(**admin);
  if (status.ok()) {
    auto state = (*admin)->DeleteKey(
        {.namespace_name = "shop", .key = "charge/1", .reason = "the order was a test", .actor = "jo"});
    status = state.status();
    if (state.ok()) std::cout << "forgotten\n";
  }
  if (status.ok()) {
    auto stats = (*admin)->GetStats();
    status = stats.status();
    if (stats.ok()) std::cout << stats->open_keys.in_doubt << " in doubt\n";
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
