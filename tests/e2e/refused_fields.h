// A fixture for requests with something wrong: each is refused with its reason and the field that is wrong, alone and as an
// item of a batch, and nothing changes.

#ifndef SEMEL_TESTS_E2E_REFUSED_FIELDS_H_
#define SEMEL_TESTS_E2E_REFUSED_FIELDS_H_

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/local_server_test.h"

namespace semel::e2e {

// What is wrong with a field, for people, and how to make it so.
template <class Request>
struct Spoiling {
  std::string what;
  std::string field;
  std::function<void(Request&)> spoil;
};

class RefusedFieldsTest : public LocalServerTest {
 protected:
  static constexpr char kHeld[] = "held";  // a key that is in progress
  static constexpr char kStrict[] = "strict";

  RefusedFieldsTest() : LocalServerTest({.namespaces = {{kStrict, {.require_fingerprint = true}}}}) {
    token_ = Acquire(kHeld);
  }

  // Spoils `valid`, one field at a time.
  template <class Request>
  void ExpectRefused(const Request& valid, const std::vector<Spoiling<Request>>& spoilings) {
    for (const Spoiling<Request>& spoiling : spoilings) {
      SCOPED_TRACE(spoiling.what);
      Request request = valid;
      spoiling.spoil(request);
      ExpectUnchangedBy([&] {
        ExpectFieldInvalid(Call(request).error(), spoiling.field);
        ExpectItemRefused(request, spoiling.field);
      });
    }
  }

  // Takes `valid` with each change. Changes do not spoil one another: every request is for another key.
  template <class Request>
  void ExpectTaken(const std::vector<std::pair<std::string, Request>>& requests) {
    for (const auto& [what, request] : requests) {
      const auto answered = Call(request);
      EXPECT_TRUE(answered.ok()) << what << ": " << answered.error();
    }
  }

  void ExpectUnchangedBy(const std::function<void()>& act) {
    const auto before = EverythingStored();
    const uint64_t commits = server_.engine_stats().commits.value();
    const std::string held = Look(kHeld).SerializeAsString();
    act();
    EXPECT_EQ(Look(kHeld).SerializeAsString(), held);
    EXPECT_EQ(EverythingStored(), before);
    EXPECT_EQ(server_.engine_stats().commits.value(), commits);
  }

  static void ExpectFieldInvalid(const support::WireError& error, const std::string& field) {
    EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT) << error;
    EXPECT_EQ(error.reason, "FIELD_INVALID") << error;
    EXPECT_EQ(error.domain, "semel.v1") << error;
    EXPECT_THAT(error.fields, testing::ElementsAre(field)) << error;
    EXPECT_THAT(error.metadata, testing::UnorderedElementsAre(testing::Pair("field", field))) << error;
    EXPECT_THAT(error.message, testing::StartsWith(field + ": ")) << error;
    EXPECT_FALSE(error.retry_delay) << "waiting does not help";
  }

  int64_t token_ = 0;  // of kHeld

 private:
  using Stored = std::vector<std::pair<storage::Key, storage::Record>>;

  Stored EverythingStored() {
    const auto page = server_.storage().Scan({});
    EXPECT_TRUE(page.ok() && page->next_cursor.empty());
    return page->records;
  }

  template <class Batch>
  void ExpectItemRefusedIn(Batch batch, const std::string& field) {
    const auto answered = Call(batch);
    ASSERT_TRUE(answered.ok()) << answered.error();
    support::WireError error = support::Describe(answered->items(0).error());
    error.domain = "semel.v1";  // items do not repeat it
    ExpectFieldInvalid(error, field);
  }
  void ExpectItemRefused(const v1::BeginRequest& request, const std::string& field) {
    v1::BatchBeginRequest batch;
    *batch.add_requests() = request;
    ExpectItemRefusedIn(batch, field);
  }
  void ExpectItemRefused(const v1::CompleteRequest& request, const std::string& field) {
    v1::BatchCompleteRequest batch;
    *batch.add_requests() = request;
    ExpectItemRefusedIn(batch, field);
  }
  void ExpectItemRefused(const v1::RenewRequest& request, const std::string& field) {
    v1::BatchRenewRequest batch;
    *batch.add_requests() = request;
    ExpectItemRefusedIn(batch, field);
  }
  template <class Request>
  void ExpectItemRefused(const Request&, const std::string&) {}  // there is no batch of these
};

}  // namespace semel::e2e

#endif  // SEMEL_TESTS_E2E_REFUSED_FIELDS_H_
