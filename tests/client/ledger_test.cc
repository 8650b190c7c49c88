#include "client/demo/ledger.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace semel::demo {
namespace {

class LedgerTest : public testing::Test {
 protected:
  ~LedgerTest() override { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ + "/ledger.jsonl"; }

  static std::string NewDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "semel-ledger-test-XXXXXX";
    return mkdtemp(pattern.data());
  }

  const std::string directory_ = NewDirectory();
  const Ledger ledger_{path()};
};

TEST_F(LedgerTest, AppendsWhatItIsGivenEvenTwice) {
  EXPECT_TRUE(ledger_.ReadAll().value().empty());
  EXPECT_TRUE(ledger_.Place({.order = "a", .token = 1, .worker = "w", .total_cents = 7}).ok());
  EXPECT_TRUE(ledger_.Place({.order = "a", .token = 1}).ok());
  const auto placements = ledger_.ReadAll().value();
  ASSERT_EQ(placements.size(), 2u);
  EXPECT_EQ(placements[0].worker, "w");
  EXPECT_EQ(placements[0].total_cents, 7);
}

TEST_F(LedgerTest, RefusesATokenThatIsSmallerThanOneItHasSeen) {
  EXPECT_FALSE(ledger_.FenceAndFind("a", 5).value().has_value());
  EXPECT_EQ(ledger_.Place({.order = "a", .token = 4}).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(ledger_.Place({.order = "b", .token = 4}).ok());
  EXPECT_TRUE(ledger_.Place({.order = "a", .token = 5}).ok());
  EXPECT_EQ(ledger_.FenceAndFind("a", 6).value()->token, 5);
}

TEST_F(LedgerTest, ALineThatWasTornOffNeverWas) {
  EXPECT_TRUE(ledger_.Place({.order = "a", .token = 1}).ok());
  std::ofstream(path(), std::ios::app) << R"({"entry":"placed","order":"b")";
  EXPECT_EQ(ledger_.ReadAll().value().size(), 1u);
  EXPECT_TRUE(ledger_.Place({.order = "c", .token = 1}).ok());
  EXPECT_EQ(ledger_.ReadAll().value().size(), 2u);
}

TEST_F(LedgerTest, ManyMayWriteAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_TRUE(ledger_.Place({.order = std::to_string(i) + "/" + std::to_string(j), .token = 1}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger_.ReadAll().value().size(), 160u);
}

TEST_F(LedgerTest, ALedgerThatCannotBeOpenedIsAnError) { EXPECT_FALSE(Ledger("/nonexistent/ledger").ReadAll().ok()); }

}  // namespace
}  // namespace semel::demo
