// The fields of AdminService's calls.

#include "tests/e2e/wrong_durations.h"

namespace semel::e2e {
namespace {

class AdminFieldsTest : public RefusedFieldsTest {
 protected:
  using Resolve = v1::ResolveKeyRequest;
  using List = v1::ListKeysRequest;

  // Who, why and whose key: the same in ResolveKey and DeleteKey.
  template <class Request>
  void ExpectChangesRefused(const Request& valid) {
    ExpectRefused<Request>(valid,
                           {{"no namespace", "namespace", [](Request& r) { r.clear_namespace_(); }},
                            {"upper case", "namespace", [](Request& r) { r.set_namespace_("Shop"); }},
                            {"64 bytes", "namespace", [](Request& r) { r.set_namespace_(std::string(64, 'n')); }},
                            {"no key", "key", [](Request& r) { r.clear_key(); }},
                            {"256 bytes", "key", [](Request& r) { r.set_key(std::string(256, 'k')); }},
                            {"a space at the end", "key", [](Request& r) { r.set_key("key "); }},
                            {"no reason", "reason", [](Request& r) { r.clear_reason(); }},
                            {"513 bytes", "reason", [](Request& r) { r.set_reason(std::string(513, 'r')); }},
                            {"no actor", "actor", [](Request& r) { r.clear_actor(); }},
                            {"129 bytes", "actor", [](Request& r) { r.set_actor(std::string(129, 'a')); }}});
  }
};

TEST_F(AdminFieldsTest, WhoAndWhyAndWhoseKey) {
  ExpectChangesRefused(ResolveToResultOf(kHeld));
  ExpectChangesRefused(DeleteOf(kHeld));
}

TEST_F(AdminFieldsTest, Resolution) {
  ExpectRefused<Resolve>(
      ResolveToResultOf(kHeld),
      {{"none", "resolution", [](Resolve& r) { r.clear_resolution(); }},
       {"-1", "attempt", [](Resolve& r) { r.set_attempt(-1); }},
       {"omitted with a payload", "result.payload", [](Resolve& r) { r.mutable_result()->set_omitted(true); }},
       {"129 bytes", "result.content_type",
        [](Resolve& r) { r.mutable_result()->set_content_type(std::string(129, 't')); }}});
  ExpectRefused<Resolve>(
      ResolveToFailureOf(kHeld),
      {{"lower case", "failure.reason", [](Resolve& r) { r.mutable_failure()->set_reason("lost"); }},
       {"513 bytes", "failure.message", [](Resolve& r) { r.mutable_failure()->set_message(std::string(513, 'm')); }}});
  ExpectRefused<Resolve>(ResolveToAbsentOf(kHeld),
                         {{"of nothing", "retention", [](Resolve& r) { *r.mutable_retention() = DurationOf(1); }}});
  const auto retention = [](Resolve& r) { return r.mutable_retention(); };
  const int64_t most = int64_t{90} * 24 * 3600;
  ExpectRefused(ResolveToResultOf(kHeld), WrongDurationsOf<Resolve>("retention", retention,
                                                                    {DurationOf(0), DurationOf(0, 999'000),
                                                                     DurationOf(most, 1), DurationOf(most + 1)}));
}

TEST_F(AdminFieldsTest, AResultTooLarge) {
  ExpectUnchangedBy([&] {
    const support::WireError error = Call(ResolveToResultOf(kHeld, std::string((1 << 20) + 1, 'x'))).error();
    EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT) << error;
    EXPECT_EQ(error.reason, "RESULT_TOO_LARGE") << error;
    EXPECT_THAT(error.metadata, testing::Contains(testing::Pair("limit", "1048576")));
  });
}

TEST_F(AdminFieldsTest, Listing) {
  List valid;
  valid.set_namespace_(kNamespace);
  ExpectRefused<List>(valid,
                      {{"upper case", "namespace", [](List& r) { r.set_namespace_("Shop"); }},
                       {"256 bytes", "key_prefix", [](List& r) { r.set_key_prefix(std::string(256, 'k')); }},
                       {"a control character", "key_prefix", [](List& r) { r.set_key_prefix("a\tb"); }},
                       {"of all namespaces", "key_prefix",
                        [](List& r) {
                          r.clear_namespace_();
                          r.set_key_prefix("order-");
                        }},
                       {"unknown", "state", [](List& r) { r.set_state(static_cast<v1::State>(17)); }},
                       {"-1", "page_size", [](List& r) { r.set_page_size(-1); }},
                       {"1001", "page_size", [](List& r) { r.set_page_size(1001); }},
                       {"not of us", "page_token", [](List& r) { r.set_page_token("more"); }},
                       {"not base64", "page_token", [](List& r) { r.set_page_token("!!!!"); }},
                       {"a megabyte", "page_token", [](List& r) { r.set_page_token(std::string(1 << 20, 'A')); }}});
}

TEST_F(AdminFieldsTest, APageTokenOfAnotherListing) {
  Acquire("another");
  List first;
  first.set_namespace_(kNamespace);
  first.set_page_size(1);
  const auto page = Call(first);
  ASSERT_TRUE(page.ok()) << page.error();
  ASSERT_FALSE(page->next_page_token().empty());
  List next = first;
  next.set_page_token(page->next_page_token());
  ExpectRefused<List>(next, {{"all namespaces", "page_token", [](List& r) { r.clear_namespace_(); }},
                             {"another prefix", "page_token", [](List& r) { r.set_key_prefix("a"); }},
                             {"another state", "page_token", [](List& r) { r.set_state(v1::STATE_IN_PROGRESS); }},
                             {"one letter", "page_token", [](List& r) {
                                std::string token = r.page_token();
                                token.back() = token.back() == 'A' ? 'E' : 'A';
                                r.set_page_token(token);
                              }}});
  next.set_page_size(1000);
  EXPECT_TRUE(Call(next).ok()) << "the size may change";
}

TEST_F(AdminFieldsTest, Backup) {
  v1::CreateBackupRequest valid;
  valid.set_actor("ana");
  using Backup = v1::CreateBackupRequest;
  ExpectRefused<Backup>(valid, {{"no actor", "actor", [](Backup& r) { r.clear_actor(); }},
                                {"129 bytes", "actor", [](Backup& r) { r.set_actor(std::string(129, 'a')); }},
                                {"513 bytes", "reason", [](Backup& r) { r.set_reason(std::string(513, 'r')); }}});
  EXPECT_EQ(Call(valid).error().reason, "BACKUP_NOT_CONFIGURED");
}

}  // namespace
}  // namespace semel::e2e
