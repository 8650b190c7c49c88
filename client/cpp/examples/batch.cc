// Many keys at once, for who holds a whole poll of messages in hand: two round trips for all of them.

#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "semel/client.h"

namespace {

// [batch]
absl::Status Consume(semel::Client& client, const std::vector<std::string>& messages) {
  std::vector<semel::BeginRequest> begins;
  for (const std::string& message : messages) begins.push_back({.key = "message/" + message});
  auto begun = client.BatchBegin(begins);
  if (!begun.ok()) return begun.status();  // nothing was answered at all

  std::vector<semel::CompleteRequest> completes;
  for (size_t i = 0; i < begun->size(); ++i) {
    if (!(*begun)[i].ok()) {
      std::cerr << begins[i].key << ": " << (*begun)[i].status() << "\n";  // this one alone
      continue;
    }
    const auto* acquired = std::get_if<semel::Acquired>(&*(*begun)[i]);
    if (acquired == nullptr) continue;  // done before, or somebody else is at it
    completes.push_back({.key = begins[i].key, .token = acquired->token, .outcome = semel::Result{.payload = "ok"}});
  }
  if (completes.empty()) {
    std::cout << "nothing new\n";
    return absl::OkStatus();
  }

  auto completed = client.BatchComplete(completes);
  if (!completed.ok()) return completed.status();
  int stored = 0;
  for (const auto& item : *completed) stored += item.ok() ? 1 : 0;
  std::cout << stored << " of " << messages.size() << " consumed\n";
  return absl::OkStatus();
}
// [batch]

}  // namespace

int main() {
  auto client = semel::Client::Connect({});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  const std::vector<std::string> poll = {"a", "b", "c", "a"};  // one came twice
  for (int i = 0; i < 2; ++i) {
    if (absl::Status status = Consume(**client, poll); !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
  }
  return 0;
}
