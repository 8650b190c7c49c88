// The end of a server whose disk is slow: a batch may still be on its way to the disk when its callers are long gone.

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "tests/support/caller.h"
#include "tests/support/gated_storage.h"
#include "tests/support/local_server.h"
#include "tests/support/requests.h"

namespace semel::e2e {
namespace {

using namespace semel::support;

TEST(ShutdownTest, WaitsForABatchWhoseCallersAreCutOff) {
  auto gate = std::make_shared<Gate>();
  LocalServer server({}, Behind(gate, InMemory()));
  ASSERT_TRUE(server.Start().ok());
  const Caller caller(server.channel());
  const auto begun = caller.Call(BeginOf("order-1"));
  ASSERT_TRUE(begun.ok()) << begun.error();

  gate->Close();
  PendingComplete complete(caller, ResultOf("order-1", begun->acquired().token()));
  gate->AwaitCommit();
  std::thread shutdown([&] { server.server().Shutdown(engine::Duration::zero()); });
  EXPECT_FALSE(complete.Await().ok()) << "cut off";
  gate->Open();
  shutdown.join();
}

}  // namespace
}  // namespace semel::e2e
