// The fields of Begin.

#include "tests/e2e/wrong_durations.h"

namespace semel::e2e {
namespace {

using support::ToWire;

class BeginFieldsTest : public RefusedFieldsTest {
 protected:
  using Begin = v1::BeginRequest;
};

TEST_F(BeginFieldsTest, Lease) {
  const std::vector<google::protobuf::Duration> out_of_range = {
      DurationOf(0), DurationOf(0, 1), DurationOf(0, 9'999'000), DurationOf(3600, 1), DurationOf(3601)};
  const auto lease = [](Begin& begin) { return begin.mutable_lease(); };
  ExpectRefused(BeginOf("new"), WrongDurationsOf<Begin>("lease", lease, out_of_range));
}

TEST_F(BeginFieldsTest, Wait) {
  const auto wait = [](Begin& begin) { return begin.mutable_wait(); };
  ExpectRefused(BeginOf("new"), WrongDurationsOf<Begin>("wait", wait, {DurationOf(3600, 1), DurationOf(3601)}));
}

TEST_F(BeginFieldsTest, Bytes) {
  ExpectRefused<Begin>(
      BeginOf("new"),
      {{"no attempt id", "attempt_id", [](Begin& begin) { begin.clear_attempt_id(); }},
       {"15 bytes", "attempt_id", [](Begin& begin) { begin.set_attempt_id(std::string(15, 'a')); }},
       {"17 bytes", "attempt_id", [](Begin& begin) { begin.set_attempt_id(std::string(17, 'a')); }},
       {"a million bytes", "attempt_id", [](Begin& begin) { begin.set_attempt_id(std::string(1'000'000, 'a')); }},
       {"65 bytes", "fingerprint", [](Begin& begin) { begin.set_fingerprint(std::string(65, 'f')); }},
       {"a million bytes", "fingerprint", [](Begin& begin) { begin.set_fingerprint(std::string(1'000'000, 'f')); }},
       {"129 bytes", "owner", [](Begin& begin) { begin.set_owner(std::string(129, 'o')); }},
       {"a million bytes", "owner", [](Begin& begin) { begin.set_owner(std::string(1'000'000, 'o')); }},
       {"65 letters of two bytes", "owner", [](Begin& begin) {
          for (int i = 0; i < 65; ++i) begin.mutable_owner()->append("\xC3\xA9");
        }}});
}

TEST_F(BeginFieldsTest, AFingerprintWhereTheNamespaceRequiresIt) {
  v1::BeginRequest begin = BeginOf("new");
  begin.set_namespace_(kStrict);
  ExpectRefused<Begin>(begin, {{"no fingerprint", "fingerprint", [](Begin&) {}}});
  begin.set_fingerprint("f");
  Acquire(begin);
}

TEST_F(BeginFieldsTest, TheLimitsThemselvesAreTaken) {
  Begin largest = BeginOf("largest");
  largest.set_fingerprint(std::string(64, 'f'));
  largest.set_owner(std::string(128, 'o'));
  *largest.mutable_lease() = DurationOf(3600);
  *largest.mutable_wait() = DurationOf(3600);
  Begin smallest = BeginOf("smallest");
  smallest.set_attempt_id(std::string(16, '\0'));
  *smallest.mutable_lease() = DurationOf(0, 10'000'000);
  *smallest.mutable_wait() = DurationOf(0);
  Begin binary = BeginOf("binary");
  binary.set_attempt_id(std::string(16, '\xFF'));
  binary.set_fingerprint(std::string(32, '\0'));
  ExpectTaken<Begin>({{"largest", largest}, {"smallest", smallest}, {"binary", binary}});
  EXPECT_EQ(Look("largest").lease_remaining().seconds(), 3600);
}

TEST_F(BeginFieldsTest, NothingLessThanAMicrosecondIsLost) {
  Begin begin = BeginOf("new");
  *begin.mutable_lease() = DurationOf(1, 1);
  EXPECT_EQ(Call(begin)->acquired().lease().nanos(), 1000) << "rounded up, so that no lease is shorter than asked for";
}

}  // namespace
}  // namespace semel::e2e
