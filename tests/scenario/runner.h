// Runs a transcript, step by step, and tells where the server departs from it.

#ifndef SEMEL_TESTS_SCENARIO_RUNNER_H_
#define SEMEL_TESTS_SCENARIO_RUNNER_H_

#include <list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tests/scenario/conversation.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/service.h"

namespace semel::scenario {

class Runner {
 public:
  // Both must outlive the runner.
  Runner(const Scenario& scenario, Service& service, Way way = Way::kCalls)
      : scenario_(scenario), service_(service), way_(way) {}

  // OK, or file:line, what was expected, and what came.
  absl::Status Run();

 private:
  struct Waiter {
    std::string who;
    int line = 0;
    std::shared_ptr<Exchange> exchange;
  };
  using Waiters = std::list<Waiter>;

  absl::Status Do(const Call& call);
  absl::Status Do(const Later& later);
  absl::Status Do(const Cancel& cancel);
  absl::Status Do(const Waiting& waiting);
  absl::Status Do(const Elapse& elapse);
  absl::Status Do(const StepWallClock& step);
  absl::Status Do(const OnServer& on_server);

  absl::Status StartWaiting(const Call& call, std::shared_ptr<Exchange> exchange, int64_t expected);
  absl::Status CheckItems(const Call& call, const Exchange::Reply& reply);
  absl::Status Check(const Expectation& expected, const Answer& got);
  absl::StatusOr<Waiter> NextAnswered(const Later& later);
  int64_t StillWaiting() const;
  absl::Status Failed(int line, const std::string& what) const;

  const Scenario& scenario_;
  Service& service_;
  const Way way_;
  Names names_;
  Waiters waiters_;  // calls whose answer no line has named yet, in the order of the transcript
  int begins_ = 0;   // for fresh attempt ids
};

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_RUNNER_H_
