#include "tests/engine/decide_table.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/engine/describe.h"

namespace semel::engine {

Decision Decide(const Situation& situation, const Request& request) {
  return Decide(situation.record ? &*situation.record : nullptr, request,
                Context{.now = situation.now, .fresh_token = kFreshToken, .policy = situation.policy});
}

void CheckRows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    Decision decision = Decide(row.given, row.request);
    SCOPED_TRACE("rule " + row.rule + "\n  given   " + row.given.name + " at " + Describe(row.given.now) + ": " +
                 Describe(row.given.record) + "\n  request " + Describe(row.request));
    EXPECT_EQ(Describe(decision.reply), row.reply);
    EXPECT_EQ(Describe(decision.write), row.write);
  }
}

void CheckEverySituation(const std::vector<Row>& rows) {
  CheckRows(rows);
  for (const Situation& situation : AllSituations()) {
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.given.name == situation.name; }))
        << "no row for " << situation.name;
  }
}

}  // namespace semel::engine
