// Every example of client/cpp/examples, as a user runs it, against a real server.

#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/demo/child_process.h"
#include "tests/client/server_fixture.h"

namespace semel {
namespace {

using testing::ElementsAre;

class ExamplesTest : public ServerTest {
 protected:
  ExamplesTest() {
    setenv("SEMEL_ADDRESS", server().address().c_str(), 1);
    setenv("SEMEL_NAMESPACE", "shop", 1);
  }
  ~ExamplesTest() override {
    unsetenv("SEMEL_ADDRESS");
    unsetenv("SEMEL_NAMESPACE");
  }

  // What an example writes; it must end well.
  static std::vector<std::string> Said(const std::string& name, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), std::string(SEMEL_EXAMPLES) + "/example_" + name);
    auto process = demo::ChildProcess::Start(arguments);
    EXPECT_TRUE(process.ok()) << process.status();
    if (!process.ok()) return {};
    std::vector<std::string> lines;
    while (std::optional<std::string> line = (*process)->ReadLine(Patience())) lines.push_back(*std::move(line));
    EXPECT_EQ((*process)->Wait(), 0) << name;
    return lines;
  }
};

TEST_F(ExamplesTest, Run) {
  EXPECT_THAT(Said("run", {"7"}), ElementsAre("order 7 placed"));
  EXPECT_THAT(Said("run", {"7"}), ElementsAre("order 7 placed (before)"));
}

TEST_F(ExamplesTest, Calls) {
  EXPECT_THAT(Said("calls"), ElementsAre("done by attempt 1", "done before: printed", "unknown in depot"));
}

TEST_F(ExamplesTest, Lease) { EXPECT_THAT(Said("lease"), ElementsAre("shipped", "somebody else's")); }

TEST_F(ExamplesTest, Batch) { EXPECT_THAT(Said("batch"), ElementsAre("3 of 4 consumed", "nothing new")); }

TEST_F(ExamplesTest, Checkpoint) {
  EXPECT_THAT(Said("checkpoint"),
              ElementsAre("power cut", "found checkpoint: amount 12.50", "paid", "in doubt: refund 7"));
}

TEST_F(ExamplesTest, Fingerprint) {
  EXPECT_THAT(Said("fingerprint"), ElementsAre("charged", "charged", "the key stands for another request"));
}

TEST_F(ExamplesTest, Admin) { EXPECT_THAT(Said("admin"), ElementsAre("settled charge/1", "forgotten", "0 in doubt")); }

TEST_F(ExamplesTest, SecureNamesTheFileThatIsMissing) {
  EXPECT_THAT(Said("secure", {directory() + "/tls"}),
              ElementsAre(testing::HasSubstr("tls.ca_file cannot be read: " + directory() + "/tls/ca.pem")));
}

}  // namespace
}  // namespace semel
