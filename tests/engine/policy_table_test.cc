#include "server/engine/policy_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

using testing::ElementsAre;

Policy WithAttempts(uint32_t max_attempts) {
  Policy policy;
  policy.max_attempts = max_attempts;
  return policy;
}

std::vector<std::string> Labels(const PolicyTable& table) {
  std::vector<std::string> labels;
  for (const PolicyTable::Entry* entry : table.Entries()) labels.push_back(entry->label);
  return labels;
}

TEST(PolicyTableTest, WhoIsNotListedHasTheFallback) {
  const PolicyTable table(WithAttempts(1), {{"mail", WithAttempts(2)}});
  EXPECT_EQ(table.For("mail").policy().max_attempts, 2);
  EXPECT_EQ(table.For("orders").policy().max_attempts, 1);
  EXPECT_EQ(table.For("orders").index, 0);
  EXPECT_EQ(table.For("(other)").index, 0);
  EXPECT_THAT(Labels(table), ElementsAre("(other)", "mail"));
}

TEST(PolicyTableTest, EntriesStayThroughReplacements) {
  PolicyTable table(WithAttempts(1), {{"mail", WithAttempts(2)}, {"orders", WithAttempts(3)}});
  const PolicyTable::Entry& mail = table.For("mail");
  const PolicyTable::Entry& orders = table.For("orders");
  const Policy& read_before = orders.policy();
  ASSERT_TRUE(table.Replace(WithAttempts(10), {{"audit", WithAttempts(11)}, {"orders", WithAttempts(12)}}).ok());
  EXPECT_EQ(&table.For("mail"), &mail) << "counted under its own name, though no longer listed";
  EXPECT_EQ(mail.policy().max_attempts, 10);
  EXPECT_EQ(orders.policy().max_attempts, 12);
  EXPECT_EQ(read_before.max_attempts, 3) << "whoever reads it may go on";
  EXPECT_EQ(table.For("audit").policy().max_attempts, 11);
  EXPECT_EQ(table.For("other").policy().max_attempts, 10);
  EXPECT_THAT(Labels(table), ElementsAre("(other)", "audit", "mail", "orders"));
}

TEST(PolicyTableTest, PastABoundNothingChanges) {
  PolicyTable table(WithAttempts(1), {{"mail", WithAttempts(2)}});
  PoliciesByName many;
  for (size_t i = 0; i < PolicyTable::kMaxEntries - 1; ++i) many[absl::StrCat("ns-", i)] = WithAttempts(5);
  EXPECT_FALSE(table.Replace(WithAttempts(9), many).ok()) << "one too many with mail, which was listed before";
  EXPECT_EQ(table.For("mail").policy().max_attempts, 2);
  EXPECT_EQ(table.For("ns-1").index, 0);
  many.erase("ns-0");
  ASSERT_TRUE(table.Replace(WithAttempts(9), many).ok());
  EXPECT_EQ(table.Entries().size(), PolicyTable::kMaxEntries);
  for (const auto& [name, policy] : many) ASSERT_EQ(table.For(name).label, name);
  EXPECT_EQ(table.For("never-listed").index, 0);

  uint32_t version = 100;  // and 1, 2, 5, 9 were in force
  while (table.Replace(WithAttempts(version), {}).ok()) ++version;
  EXPECT_EQ(version - 100 + 4, PolicyTable::kMaxVersions);
  EXPECT_EQ(table.For("mail").policy().max_attempts, version - 1);
  EXPECT_TRUE(table.Replace(WithAttempts(2), {{"mail", WithAttempts(1)}}).ok()) << "what was there may come back";
}

TEST(PolicyTableTest, MayBeReplacedWhileItIsRead) {
  Policy first = WithAttempts(0);
  first.max_result_bytes = 0;
  PolicyTable table(first);
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        for (int name = 0; name < 100; ++name) {
          const PolicyTable::Entry& entry = table.For(absl::StrCat("ns-", name));
          const Policy& policy = entry.policy();
          // Every policy here has both fields alike: a torn one would not.
          EXPECT_EQ(policy.max_attempts, policy.max_result_bytes);
          EXPECT_TRUE(entry.index == 0 || entry.label == absl::StrCat("ns-", name));
        }
      }
    });
  }
  for (uint32_t round = 1; round <= 100; ++round) {
    Policy policy = WithAttempts(round);
    policy.max_result_bytes = round;
    Policy fallback = WithAttempts(0);
    fallback.max_result_bytes = 0;
    PoliciesByName named;
    for (uint32_t name = 0; name < round; name += 1 + round % 3) named[absl::StrCat("ns-", name)] = policy;
    ASSERT_TRUE(table.Replace(fallback, named).ok());
    table.Entries();
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
}

// Whoever waits goes by what is in force when it is decided.
class ReplacedWhileWaitingTest : public CommitterTest {
 protected:
  void Replace(const PoliciesByName& named) { ASSERT_TRUE(policies_.Replace({}, named).ok()); }
};

TEST_F(ReplacedWhileWaitingTest, TheNewPolicyDecides) {
  Policy doubt;
  doubt.on_lapse = LapsePolicy::kInDoubt;
  Acquire('a', "order-1", "shop");
  Acquire('a', "order-1", "doubt");
  TestOperation* shop = RunOne(BeginBy('b', 1h), "order-1", "shop");
  TestOperation* doubtful = RunOne(BeginBy('b', 1h), "order-1", "doubt");
  Replace({{"shop", doubt}});
  RunWhatIsDue();
  EXPECT_TRUE(shop->Is<InDoubt>()) << shop->said() << ": it was not listed when it began to wait";
  EXPECT_TRUE(doubtful->Is<Acquired>()) << doubtful->said() << ": it is no longer listed";
}

}  // namespace
}  // namespace semel::engine
