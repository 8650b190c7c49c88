#include "semel/attempt.h"

#include <utility>

#include "client/cpp/held_lease.h"
#include "semel/client.h"

namespace semel {

Attempt::Attempt(Client& client, std::string key, Acquired acquired, std::shared_ptr<HeldLease> lease)
    : client_(client), key_(std::move(key)), acquired_(std::move(acquired)), lease_(std::move(lease)) {}

bool Attempt::lost() const { return lease_->Lost(); }

std::stop_token Attempt::stop_token() const { return lease_->stop_token(); }

absl::Status Attempt::Checkpoint(std::string_view data, bool effects_began) {
  absl::Status status = client_.Checkpoint(key_, acquired_.token, data, effects_began).status();
  if (DetailsOf(status).reason == reason::kTokenStale) lease_->MarkLost();
  return status;
}

}  // namespace semel
