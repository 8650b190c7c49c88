// One request of a simulated client on its way through the committer.

#ifndef SEMEL_TESTS_SIMULATION_CALL_H_
#define SEMEL_TESTS_SIMULATION_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "server/engine/operation.h"

namespace semel::simulation {

struct Call final : engine::Operation {
  engine::Outbox* Finish(engine::Reply reply) override {
    ++finished;
    answer = std::move(reply);
    return nullptr;
  }

  int64_t number = 0;  // in the order in which calls were made
  size_t client = 0;
  std::optional<engine::Reply> answer;
  int finished = 0;  // how often; more than once is a bug

  // What the items of one batch call share; payload_budget points into it.
  struct Budget {
    size_t real = 0;
    size_t model = 0;
  };
  std::shared_ptr<Budget> budget;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_CALL_H_
