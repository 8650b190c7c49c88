// A table of rows, each one situation, one call, the rule that decides it, and what must come of it: the reply and exactly
// what is written, both as Describe() prints them.

#ifndef SEMEL_TESTS_ENGINE_DECIDE_TABLE_H_
#define SEMEL_TESTS_ENGINE_DECIDE_TABLE_H_

#include <string>
#include <vector>

#include "server/engine/decide.h"
#include "tests/engine/situations.h"

namespace semel::engine {

inline constexpr const char* kNothing = "nothing";

struct Row {
  std::string rule;
  Situation given;
  Request request;
  std::string reply;
  std::string write = kNothing;
};

Decision Decide(const Situation& situation, const Request& request);

// Checks every row.
void CheckRows(const std::vector<Row>& rows);

// Checks also that there is a row for every situation, so that none is forgotten.
void CheckEverySituation(const std::vector<Row>& rows);

}  // namespace semel::engine

#endif  // SEMEL_TESTS_ENGINE_DECIDE_TABLE_H_
