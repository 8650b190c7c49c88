#include "tests/scenario/runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace semel::scenario {
namespace {

constexpr char kDefaultNamespace[] = "shop";

}  // namespace

absl::Status Runner::Run() {
  absl::Status status = service_.Start();
  for (const Step& step : scenario_.steps) {
    if (status.ok()) status = std::visit([this](const auto& each) { return Do(each); }, step);
  }
  if (!status.ok()) return status;
  if (waiters_.empty()) return absl::OkStatus();
  return Failed(waiters_.front().line, "no line says what this call was answered");
}

absl::Status Runner::Do(const Call& call) {
  if (!service_.running()) return Failed(call.line, "the server does not run");
  auto speaker = [&] {
    const std::string ns = scenario_.namespaces.empty() ? kDefaultNamespace : scenario_.namespaces.front().first;
    return Speaker{call.who, ns, absl::StrFormat("fresh id %07d", ++begins_)};
  };
  const int64_t waited_before = service_.waiters();
  absl::StatusOr<std::shared_ptr<Exchange>> sent =
      Send(way_, call, speaker, names_, service_.stub(), service_.admin_stub());
  if (!sent.ok()) return Failed(call.line, std::string(sent.status().message()));
  if (call.waits) return StartWaiting(call, *std::move(sent), waited_before + 1);
  const Exchange::Reply* reply = (*sent)->Wait();
  if (reply == nullptr) return Failed(call.line, "no answer came");
  if (call.lost) return absl::OkStatus();
  if (!call.items.empty() && !call.answer) return CheckItems(call, *reply);
  if (!call.answer) return Failed(call.line, "no answer is expected: got " + ToText(reply->answer, names_));
  return Check(*call.answer, reply->answer);
}

// Returns once the server knows that the call waits, so that later steps come later for the server too.
absl::Status Runner::StartWaiting(const Call& call, std::shared_ptr<Exchange> exchange, int64_t expected) {
  waiters_.push_back({call.who, call.line, exchange});
  Eventually([&] { return exchange->answered() || service_.waiters() >= expected; });
  if (exchange->answered())
    return Failed(call.line, "it did not wait: got " + ToText(exchange->Wait()->answer, names_));
  if (service_.waiters() < expected) return Failed(call.line, "neither an answer came, nor does it wait");
  return absl::OkStatus();
}

absl::Status Runner::CheckItems(const Call& call, const Exchange::Reply& reply) {
  if (reply.items.size() != call.items.size()) {
    return Failed(call.line, absl::StrCat("expected ", call.items.size(), " answers\n  got      ", reply.items.size(),
                                          ": ", ToText(reply.answer, names_)));
  }
  for (size_t i = 0; i < call.items.size(); ++i) {
    if (!call.items[i].answer) return Failed(call.items[i].line, "no answer is expected of this item");
    if (absl::Status status = Check(*call.items[i].answer, reply.items[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Runner::Do(const Later& later) {
  absl::StatusOr<Waiter> waiter = NextAnswered(later);
  if (!waiter.ok()) return waiter.status();
  return Check(later.answer, waiter->exchange->Wait()->answer);
}

// Whose answer a line means: the one that it names, or any that was answered.
absl::StatusOr<Runner::Waiter> Runner::NextAnswered(const Later& later) {
  auto answered = [&](const Waiter& waiter) {
    return later.who.empty() ? waiter.exchange->answered() : waiter.who == later.who;
  };
  auto any_answered = [&] { return std::any_of(waiters_.begin(), waiters_.end(), answered); };
  if (later.who.empty()) Eventually(any_answered);
  auto found = std::find_if(waiters_.begin(), waiters_.end(), answered);
  if (found == waiters_.end()) return Failed(later.answer.line, "nobody was answered, or nobody of that name waits");
  if (found->exchange->Wait() == nullptr) return Failed(later.answer.line, "no answer came");
  Waiter waiter = *found;
  waiters_.erase(found);
  return waiter;
}

absl::Status Runner::Do(const Cancel& cancel) {
  auto waiter = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& w) { return w.who == cancel.who; });
  if (waiter == waiters_.end()) return Failed(cancel.line, cancel.who + " does not wait");
  const int64_t expected = service_.waiters() - 1;
  waiter->exchange->Cancel();
  if (waiter->exchange->Wait() == nullptr) return Failed(cancel.line, "the cancelled call does not end");
  waiters_.erase(waiter);
  return Do(Waiting{cancel.line, static_cast<int>(expected)});
}

absl::Status Runner::Do(const Waiting& waiting) {
  bool as_expected = Eventually([&] { return service_.waiters() == waiting.count && StillWaiting() == waiting.count; });
  if (as_expected) return absl::OkStatus();
  return Failed(waiting.line, absl::StrFormat("expected waiting %d\n  got      waiting %d, %d without an answer",
                                              waiting.count, service_.waiters(), StillWaiting()));
}

absl::Status Runner::Do(const Elapse& elapse) { return service_.Elapse(elapse.by); }

absl::Status Runner::Do(const StepWallClock& step) {
  service_.StepWallClock(step.by);
  return absl::OkStatus();
}

absl::Status Runner::Do(const OnServer& on_server) {
  if (service_.running() == (on_server.act == ServerAct::kStart))
    return absl::FailedPreconditionError("server started twice, or not");
  switch (on_server.act) {
    case ServerAct::kStop: service_.Stop(); return absl::OkStatus();
    case ServerAct::kKill: service_.Kill(); return absl::OkStatus();
    case ServerAct::kDrain: service_.Drain(); return absl::OkStatus();
    case ServerAct::kStart: return service_.Start();
  }
  return absl::OkStatus();
}

int64_t Runner::StillWaiting() const {
  return std::count_if(waiters_.begin(), waiters_.end(), [](const Waiter& w) { return !w.exchange->answered(); });
}

absl::Status Runner::Check(const Expectation& expected, const Answer& got) {
  std::optional<std::string> mismatch = Mismatch(expected, got, names_);
  if (!mismatch) return absl::OkStatus();
  return Failed(expected.line,
                absl::StrCat(*mismatch, "\n  expected ", ToText(expected), "\n  got      ", ToText(got, names_)));
}

absl::Status Runner::Failed(int line, const std::string& what) const {
  return absl::FailedPreconditionError(absl::StrCat(scenario_.file, ":", line, ": ", what));
}

}  // namespace semel::scenario
