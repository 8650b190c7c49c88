// The fields of Renew, Release and Checkpoint.

#include "tests/e2e/wrong_durations.h"

namespace semel::e2e {
namespace {

class OwnerFieldsTest : public RefusedFieldsTest {
 protected:
  template <class Request>
  void ExpectTokensRefused(const Request& valid) {
    ExpectRefused<Request>(valid, {{"none", "token", [](Request& request) { request.clear_token(); }},
                                   {"zero", "token", [](Request& request) { request.set_token(0); }},
                                   {"-1", "token", [](Request& request) { request.set_token(-1); }}});
  }
};

TEST_F(OwnerFieldsTest, TokenOfRenew) { ExpectTokensRefused(RenewOf(kHeld, token_)); }
TEST_F(OwnerFieldsTest, TokenOfRelease) { ExpectTokensRefused(ReleaseOf(kHeld, token_)); }
TEST_F(OwnerFieldsTest, TokenOfCheckpoint) { ExpectTokensRefused(CheckpointOf(kHeld, token_, "x")); }

TEST_F(OwnerFieldsTest, LeaseOfRenew) {
  const std::vector<google::protobuf::Duration> out_of_range = {DurationOf(0), DurationOf(0, 9'999'000),
                                                                DurationOf(3600, 1)};
  const auto lease = [](v1::RenewRequest& renew) { return renew.mutable_lease(); };
  ExpectRefused(RenewOf(kHeld, token_), WrongDurationsOf<v1::RenewRequest>("lease", lease, out_of_range));
}

TEST_F(OwnerFieldsTest, DataOfCheckpoint) {
  ExpectRefused<v1::CheckpointRequest>(
      CheckpointOf(kHeld, token_, "x"),
      {{"65,537 bytes", "data",
        [](v1::CheckpointRequest& checkpoint) { checkpoint.set_data(std::string(65'537, 'c')); }},
       {"three million bytes", "data",
        [](v1::CheckpointRequest& checkpoint) { checkpoint.set_data(std::string(3'000'000, 'c')); }}});
  EXPECT_TRUE(Call(CheckpointOf(kHeld, token_, std::string(65'536, '\0'))).ok());
  EXPECT_TRUE(Call(CheckpointOf(kHeld, token_, "")).ok());
}

}  // namespace
}  // namespace semel::e2e
