// What every request has: whose key, and which.

#include "absl/strings/str_cat.h"
#include "tests/e2e/refused_fields.h"
#include "tests/support/raw_call.h"

namespace semel::e2e {
namespace {

class KeyFieldsTest : public RefusedFieldsTest {
 protected:
  template <class Request>
  static std::vector<Spoiling<Request>> WrongNamespaces() {
    std::vector<Spoiling<Request>> spoilings;
    for (const std::string& ns : std::vector<std::string>{
             "", "Shop", "shoP", "-shop", ".shop", "_shop", "sh op", " shop", "shop ", "shop/1", "shop\n",
             "sh\xC3\xB6p", std::string("shop\0", 5), "(other)", std::string(64, 'n'), std::string(100'000, 'n')}) {
      spoilings.push_back({absl::StrCat("namespace ", ns.substr(0, 70)), "namespace",
                           [ns](Request& request) { request.set_namespace_(ns); }});
    }
    return spoilings;
  }
  template <class Request>
  static std::vector<Spoiling<Request>> WrongKeys() {
    std::vector<Spoiling<Request>> spoilings;
    for (const std::string& key : std::vector<std::string>{
             "", " ", " held", "held ", "he\tld", "held\n", "held\x7F", "\xC3\xA9t\xC3\xA9", "\xE2\x82\xAC",
             std::string("held\0", 5), std::string(256, 'k'), std::string(100'000, 'k')}) {
      spoilings.push_back({absl::StrCat("key \"", key.substr(0, 70), "\" of ", key.size(), " bytes"), "key",
                           [key](Request& request) { request.set_key(key); }});
    }
    return spoilings;
  }
  template <class Request>
  void ExpectRefusedIn(const Request& valid) {
    ExpectRefused(valid, WrongNamespaces<Request>());
    ExpectRefused(valid, WrongKeys<Request>());
  }
};

TEST_F(KeyFieldsTest, OfBegin) { ExpectRefusedIn(BeginOf("new")); }
TEST_F(KeyFieldsTest, OfComplete) { ExpectRefusedIn(ResultOf(kHeld, token_)); }
TEST_F(KeyFieldsTest, OfLookup) { ExpectRefusedIn(LookupOf(kHeld)); }
TEST_F(KeyFieldsTest, OfRenew) { ExpectRefusedIn(RenewOf(kHeld, token_)); }
TEST_F(KeyFieldsTest, OfRelease) { ExpectRefusedIn(ReleaseOf(kHeld, token_)); }
TEST_F(KeyFieldsTest, OfCheckpoint) { ExpectRefusedIn(CheckpointOf(kHeld, token_, "x")); }

TEST_F(KeyFieldsTest, TheOddestValidOnesAreTaken) {
  std::string printable;
  for (char c = 0x21; c < 0x7F; ++c) printable += c;
  for (const std::string& ns : {std::string("0"), std::string("a.b_c-d"), std::string(63, 'n'), std::string("a--")}) {
    for (const std::string& key :
         {std::string("k"), std::string(255, 'k'), printable, std::string("two words  here")}) {
      v1::BeginRequest begin = BeginOf(key);
      begin.set_namespace_(ns);
      Acquire(begin);
    }
  }
}

TEST_F(KeyFieldsTest, NamespacesDoNotMeet) {
  v1::BeginRequest begin = BeginOf("b.key");
  begin.set_namespace_("a");
  Acquire(begin);
  begin = BeginOf("key");
  begin.set_namespace_("a.b");
  Acquire(begin);
  begin = BeginOf("b.key");
  begin.set_namespace_("a.");
  Acquire(begin);
}

TEST_F(KeyFieldsTest, EverythingThatIsWrongIsToldAtOnce) {
  v1::BeginRequest begin = BeginOf(" spaced");
  begin.set_namespace_("Shop");
  begin.set_attempt_id("short");
  ExpectUnchangedBy([&] {
    const support::WireError error = Call(begin).error();
    EXPECT_EQ(error.reason, "FIELD_INVALID");
    EXPECT_THAT(error.fields, testing::ElementsAre("namespace", "key", "attempt_id"));
  });
}

// What no Protocol Buffers library would send.
TEST_F(KeyFieldsTest, BytesThatAreNoMessageAreRefused) {
  const std::string latin1_key = std::string("\x0A\x04shop\x12\x04") + "k\xE9y!";
  const std::string cut_off = "\x0A\x7Fshop";
  for (const std::string& bytes : {latin1_key, cut_off, std::string(1000, '\xFF')}) {
    ExpectUnchangedBy([&] {
      const grpc::Status status =
          support::CallRaw(server_.channel(), "/semel.v1.IdempotencyService/Begin", bytes).status;
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL) << status.error_message();
    });
  }
}

}  // namespace
}  // namespace semel::e2e
