// A fixture with a server in this process whose time only the test moves.

#ifndef SEMEL_TESTS_E2E_LOCAL_SERVER_TEST_H_
#define SEMEL_TESTS_E2E_LOCAL_SERVER_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/support/caller.h"
#include "tests/support/local_server.h"
#include "tests/support/requests.h"
#include "tests/support/temporary_directory.h"

namespace semel::e2e {

using support::BeginOf;
using support::CheckpointOf;
using support::DeleteOf;
using support::FailureOf;
using support::kNamespace;
using support::LookupOf;
using support::ReleaseOf;
using support::RenewOf;
using support::ResolveToAbsentOf;
using support::ResolveToFailureOf;
using support::ResolveToResultOf;
using support::ResultOf;
using support::WaitingBeginOf;

class LocalServerTest : public testing::Test {
 protected:
  explicit LocalServerTest(support::LocalServer::Options options = {})
      : LocalServerTest(std::move(options), support::InMemory()) {}
  LocalServerTest(support::LocalServer::Options options, support::OpenStorage storage)
      : server_(std::move(options), std::move(storage)) {
    Start();
  }

  void Start() {
    const absl::Status status = server_.Start();
    if (!status.ok()) {
      ADD_FAILURE() << status;
      std::abort();
    }
    caller_.emplace(server_.channel());
  }
  void Elapse(absl::Duration by) {
    const absl::Status status = server_.Elapse(absl::ToChronoMicroseconds(by));
    EXPECT_TRUE(status.ok()) << status;
  }

  template <class Request>
  auto Call(const Request& request) {
    return caller_->Call(request);
  }
  // The token of a Begin that must be answered `acquired`.
  int64_t Acquire(const v1::BeginRequest& request) {
    const auto begun = Call(request);
    EXPECT_TRUE(begun.ok()) << begun.error();
    EXPECT_TRUE(begun->has_acquired()) << begun->ShortDebugString();
    return begun->acquired().token();
  }
  int64_t Acquire(const std::string& key) { return Acquire(BeginOf(key)); }
  v1::Record Look(const std::string& key) {
    const auto found = Call(LookupOf(key));
    EXPECT_TRUE(found.ok()) << found.error();
    return found->record();
  }

  support::LocalServer server_;
  std::optional<support::Caller> caller_;
};

}  // namespace semel::e2e

#endif  // SEMEL_TESTS_E2E_LOCAL_SERVER_TEST_H_
