#include "client/demo/shop.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "client/demo/worker.h"

namespace semel::demo {
namespace {

using What = Report::What;

// Bounded, as everything: a request that fails so often shows a bug.
constexpr int kMostTries = 40;
// The worker that is killed and the one that is paused.
constexpr size_t kDoomedWorker = 0;
constexpr size_t kPausedWorker = 1;

bool KillsWorker(Fault fault) { return fault == Fault::kKilledBeforeEffect || fault == Fault::kKilledAfterEffect; }
bool Holds(Fault fault) { return KillsWorker(fault) || fault == Fault::kPaused; }

Hold HoldFor(Fault fault) {
  switch (fault) {
    case Fault::kKilledBeforeEffect: return Hold::kBeforeEffect;
    case Fault::kKilledAfterEffect: return Hold::kAfterEffect;
    case Fault::kPaused: return Hold::kUntilResumed;
    case Fault::kNone:
    case Fault::kLoseReply: break;
  }
  return Hold::kNone;
}

void Say(const std::string& text) { std::cout << "  " << text << std::endl; }

}  // namespace

absl::StatusOr<std::unique_ptr<Shop>> Shop::Open(const ShopOptions& options, std::vector<StreamEntry> stream) {
  std::unique_ptr<Shop> shop(new Shop(options, std::move(stream)));
  if (absl::Status status = shop->SetUp(); !status.ok()) return status;
  return shop;
}

Shop::Shop(const ShopOptions& options, std::vector<StreamEntry> stream)
    : options_(options), ledger_(options.directory + "/ledger.jsonl"), stream_(stream.begin(), stream.end()) {
  for (const StreamEntry& entry : stream) {
    if (!entry) continue;
    ++tally_.requests;
    if (entry->kind == Kind::kFirst) tally_.asked_for[entry->order.id] = entry->order.total_cents;
    if (Holds(entry->fault)) expected_to_hold_[entry->order.id] = entry->number;
    if (KillsWorker(entry->fault)) ++doomed_left_;
  }
}

absl::Status Shop::SetUp() {
  auto server = ServerProcess::Start(options_.semeld, options_.directory);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  auto proxy = LossyProxy::Start(server_->address());
  if (!proxy.ok()) return proxy.status();
  proxy_ = *std::move(proxy);
  auto client = Client::Connect({.address = proxy_->address(), .namespace_name = "shop", .owner = "the shop"});
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  workers_ = std::make_unique<Workforce>(options_.program, proxy_->address(), options_.directory,
                                         options_.directory + "/ledger.jsonl");
  for (size_t i = 0; i <= kPausedWorker; ++i) {
    if (absl::Status hired = workers_->Hire(); !hired.ok()) return hired;
  }
  return absl::OkStatus();
}

absl::Status Shop::Replay() {
  absl::Status status = absl::OkStatus();
  const auto unanswered = [this] {
    return std::count_if(requests_.begin(), requests_.end(), [](const auto& entry) { return !entry.second.answered; });
  };
  while (status.ok() && (!stream_.empty() || unanswered() > 0)) {
    status = GiveOut();
    if (!status.ok()) break;
    const auto reports = workers_->Listen(deadline_);
    if (reports.empty()) status = absl::DeadlineExceededError("not all requests were answered in time");
    for (const auto& [worker, report] : reports) {
      if (status.ok()) status = Hear(worker, report);
    }
  }
  tally_.unanswered = static_cast<int>(unanswered() + static_cast<int64_t>(stream_.size()));
  tally_.replies_lost = proxy_->replies_lost();
  if (status.ok()) LookUpAll();
  tally_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  return status;
}

absl::Status Shop::GiveOut() {
  while (!again_.empty() && workers_->Free()) {
    const int number = again_.front();
    again_.pop_front();
    if (absl::Status given = GiveToSomeone(number); !given.ok()) return given;
  }
  while (!stream_.empty()) {
    if (!stream_.front()) {
      stream_.pop_front();
      if (absl::Status killed = KillServer(); !killed.ok()) return killed;
      continue;
    }
    const OrderRequest& next = *stream_.front();
    if (!MayGo(next) || !WorkerFor(next, 0)) return absl::OkStatus();
    const int number = next.number;
    requests_[number].request = next;
    stream_.pop_front();
    if (absl::Status given = GiveToSomeone(number); !given.ok()) return given;
  }
  return absl::OkStatus();
}

// Requests go out in the order of the record, as fast as the workers take them. What was recorded long after the request
// before it must not overtake that one only because the replay knows no pauses.
bool Shop::MayGo(const OrderRequest& request) const {
  const auto held = expected_to_hold_.find(request.order.id);
  if (held != expected_to_hold_.end() && held->second != request.number) return false;
  if (request.kind != Kind::kChanged) return true;
  return std::none_of(requests_.begin(), requests_.end(), [&](const auto& entry) {
    return entry.second.request.order.id == request.order.id && !entry.second.answered;
  });
}

std::optional<size_t> Shop::WorkerFor(const OrderRequest& request, int tries) const {
  if (tries > 0 || !Holds(request.fault)) return workers_->Free();
  const size_t worker = KillsWorker(request.fault) ? kDoomedWorker : kPausedWorker;
  return workers_->CanTake(worker) ? std::optional<size_t>(worker) : std::nullopt;
}

absl::Status Shop::GiveToSomeone(int number) {
  Pending& pending = requests_[number];
  const std::optional<size_t> worker = WorkerFor(pending.request, pending.tries);
  const bool first_try = pending.tries++ == 0;
  if (!worker || pending.tries > kMostTries) {
    return absl::InternalError("request " + std::to_string(number) + " gets no answer");
  }
  if (first_try && pending.request.fault == Fault::kLoseReply) proxy_->LoseReplies(1);
  workers_->Give(*worker, {.request = number,
                           .hold = first_try ? HoldFor(pending.request.fault) : Hold::kNone,
                           .order = pending.request.order});
  return absl::OkStatus();
}

void Shop::AskAgain(int number) {
  ++tally_.asked_again;
  again_.push_back(number);
}

void Shop::Unpark(const std::string& worker) {
  const auto [begin, end] = parked_.equal_range(worker);
  for (auto parked = begin; parked != end; ++parked) again_.push_back(parked->second);
  parked_.erase(begin, end);
}

absl::Status Shop::Hear(size_t worker, const Report& report) {
  Unpark(workers_->name(worker));
  Pending& pending = requests_[report.request];
  if (report.what == What::kHolding) return Holding(worker, pending.request);
  return Answer(pending, report);
}

absl::Status Shop::Answer(Pending& pending, const Report& report) {
  const OrderRequest& request = pending.request;
  const bool placed =
      report.what == What::kPlaced || report.what == What::kFoundPlaced || report.what == What::kReplayed;
  if (placed) {
    pending.answered = true;
    if (request.kind == Kind::kChanged) ++tally_.wrongly_accepted;
    if (report.what == What::kReplayed) ++tally_.replayed;
    if (report.what != What::kReplayed && report.took_over) ++tally_.takeovers;
    if (report.what == What::kFoundPlaced) ++tally_.takeovers_found_placed;
    ResumePaused(request.order.id);
    return absl::OkStatus();
  }
  if (report.what == What::kRefused && request.kind == Kind::kChanged) {
    pending.answered = true;
    ++tally_.refused;
    return absl::OkStatus();
  }
  if (report.what == What::kRefused) return absl::InternalError("refused, but never changed: " + request.order.id);
  if (report.what == What::kInDoubt) return Settle(pending, report);
  if (report.what == What::kFenced) ++tally_.fenced;
  AskAgain(request.number);
  return absl::OkStatus();
}

absl::Status Shop::Holding(size_t worker, const OrderRequest& request) {
  expected_to_hold_.erase(request.order.id);
  if (request.fault == Fault::kPaused) {
    Say("worker-" + std::to_string(worker + 1) + " is stopped for longer than its lease, with an order in hand");
    workers_->Pause(worker);
    paused_ = {worker, request.number};
    return absl::OkStatus();
  }
  return --doomed_left_ == 0 ? KillWorker(worker) : absl::OkStatus();
}

void Shop::ResumePaused(const std::string& order) {
  if (!paused_ || requests_[paused_->second].request.order.id != order) return;
  Say("worker-" + std::to_string(paused_->first + 1) + " goes on, and does not know that another took over");
  workers_->Resume(paused_->first, paused_->second);
  paused_.reset();
}

absl::Status Shop::KillWorker(size_t worker) {
  const std::set<int> in_hand = workers_->Kill(worker);
  ++tally_.workers_killed;
  Say("worker-" + std::to_string(worker + 1) + " is killed -9, with " + std::to_string(in_hand.size()) +
      " orders in hand; another one takes its place");
  for (const int number : in_hand) AskAgain(number);
  Unpark(workers_->name(worker));
  return workers_->Hire();
}

absl::Status Shop::KillServer() {
  server_->Kill();
  ++tally_.servers_killed;
  Say("semeld is killed -9, with calls under way, and started again on the same data");
  auto server = ServerProcess::Start(options_.semeld, options_.directory);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  proxy_->SetBackend(server_->address());
  return absl::OkStatus();
}

// Nobody but the dead worker knew whether its customer was charged; here the ledger can tell. The worker left its token in the
// checkpoint, so the shop can speak for it.
absl::Status Shop::Settle(Pending& pending, const Report& report) {
  const Order& order = pending.request.order;
  const int number = pending.request.number;
  const auto checkpoint = ParseCardCheckpoint(report.checkpoint);
  if (!checkpoint.ok()) return checkpoint.status();
  if (IsWorkingOn(checkpoint->worker, order)) {
    parked_.emplace(checkpoint->worker, number);  // slow or paused, not dead: it will speak for itself
    return absl::OkStatus();
  }
  AskAgain(number);
  if (!workers_->IsDead(checkpoint->worker)) return absl::OkStatus();  // it has spoken meanwhile
  if (!settled_.insert(order.id).second) return absl::OkStatus();
  const absl::StatusOr<std::vector<Placement>> placements = ledger_.ReadAll();
  if (!placements.ok()) return placements.status();
  const bool placed = std::any_of(placements->begin(), placements->end(),
                                  [&](const Placement& placement) { return placement.order == order.id; });
  ++tally_.in_doubt;
  ++(placed ? tally_.in_doubt_placed : tally_.in_doubt_not_placed);
  if (!placed) return client_->Release(order.key(), checkpoint->token);
  return client_
      ->Complete({.key = order.key(),
                  .token = checkpoint->token,
                  .outcome = Result{.payload = R"({"placed":true})", .content_type = "application/json"}})
      .status();
}

bool Shop::IsWorkingOn(const std::string& worker, const Order& order) const {
  const std::set<int> in_hand = workers_->InHand(worker);
  return std::any_of(in_hand.begin(), in_hand.end(),
                     [&](int number) { return requests_.at(number).request.order.id == order.id; });
}

void Shop::LookUpAll() {
  for (const auto& [order, total] : tally_.asked_for) {
    const absl::StatusOr<std::optional<Record>> record = client_->Lookup("order/" + order);
    const bool done = record.ok() && record->has_value() && (*record)->state == State::kDone;
    if (!done) ++tally_.not_done_in_semel;
  }
}

}  // namespace semel::demo
