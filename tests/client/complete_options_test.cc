#include "client/cpp/complete_options.h"

#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "semel/error.h"

namespace semel {
namespace {

class CompleteOptionsTest : public testing::Test {
 protected:
  CompleteOptionsTest() {
    unsetenv("SEMEL_ADDRESS");
    unsetenv("SEMEL_NAMESPACE");
  }
  static ClientOptions Named() {
    ClientOptions options;
    options.namespace_name = "shop";
    return options;
  }
};

TEST_F(CompleteOptionsTest, HasDefaultsForAllButTheNamespace) {
  const auto options = CompleteOptions(Named());
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->address, "localhost:7420");
  EXPECT_TRUE(options->owner.ends_with(":" + std::to_string(getpid()))) << options->owner;
  const absl::Status refused = CompleteOptions({}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(refused).reason, reason::kFieldInvalid);
}

TEST_F(CompleteOptionsTest, TheEnvironmentFillsInWhatIsOpen) {
  setenv("SEMEL_ADDRESS", "semel.example:1", 1);
  setenv("SEMEL_NAMESPACE", "from-env", 1);
  const auto open = CompleteOptions({});
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->address, "semel.example:1");
  EXPECT_EQ(open->namespace_name, "from-env");
  ClientOptions said = Named();
  said.address = "here:2";
  const auto options = CompleteOptions(said);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->address, "here:2");
  EXPECT_EQ(options->namespace_name, "shop");
}

TEST_F(CompleteOptionsTest, RefusesWhatMakesNoSense) {
  const auto refuses = [](auto change) {
    ClientOptions options = Named();
    change(options);
    return CompleteOptions(options).status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.call_timeout = Duration(0); }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.try_timeout = Duration(-1); }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.complete_timeout = Duration(0); }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.retry.max_tries = 0; }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.retry.multiplier = 0.5; }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.retry.initial_backoff = Duration(-1); }));
  EXPECT_TRUE(refuses([](ClientOptions& o) { o.retry.max_backoff = Duration(1); }));
}

}  // namespace
}  // namespace semel
