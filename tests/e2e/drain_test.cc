// SIGTERM under load: waiters are told, calls in flight finish, owners may still report, and the process ends in time.

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <list>
#include <thread>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/gated_storage.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using grpc::health::v1::HealthCheckResponse;
using support::Caller;
using support::Eventually;
using support::PendingBegin;
using support::PendingComplete;
using support::Scrape;
using support::Semeld;

void ExpectDraining(const support::WireError& error) {
  EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
  EXPECT_EQ(error.reason, "DRAINING") << error;
  EXPECT_GT(error.retry_delay.value_or(absl::ZeroDuration()), absl::ZeroDuration()) << "another server may be up soon";
}

// A client that completes one key after another until its Begins are refused.
class Worker {
 public:
  Worker(const Semeld& semeld, int number)
      : number_(number), caller_(semeld.NewChannel()), thread_([this] { Work(); }) {}
  ~Worker() { thread_.join(); }

  // How many keys it completed, once it was refused.
  int AwaitRefusal() {
    refused_.WaitForNotification();
    return completed_;
  }
  int completed() const { return completed_; }
  std::string Key(int i) const { return absl::StrCat("load-", number_, "-", i); }

 private:
  void Work() {
    for (;;) {
      const std::string key = Key(completed_);
      const auto begun = caller_.Call(BeginOf(key));
      if (!begun.ok()) {
        ExpectDraining(begun.error());
        return refused_.Notify();
      }
      const auto completed = caller_.Call(ResultOf(key, begun->acquired().token()));
      EXPECT_TRUE(completed.ok()) << "who began may finish: " << completed.error();
      ++completed_;
    }
  }

  const int number_;
  const Caller caller_;
  std::atomic<int> completed_{0};
  absl::Notification refused_;
  std::thread thread_;
};

class DrainTest : public testing::Test {
 protected:
  // So long that only a second signal ends the drain.
  static constexpr char kLongDrain[] = "shutdown:\n  drain_delay: 5m\n  timeout: 6m\n";

  void StartWith(const std::string& config) {
    semeld_.emplace(directory_, Semeld::Options{.config = config});
    ASSERT_TRUE(semeld_->AwaitReady()) << semeld_->Log();
    caller_.emplace(semeld_->NewChannel());
  }
  int64_t Acquire(const std::string& key) { return caller_->Call(BeginOf(key))->acquired().token(); }
  void WaitFor(const std::string& key, int count) {
    for (int i = 0; i < count; ++i) waiters_.emplace_back(*caller_, WaitingBeginOf(key));
    ASSERT_TRUE(Eventually([&] { return Scrape(semeld_->Get("/metrics").body)["semel_waiters"] == count; }));
  }

  const support::TemporaryDirectory directory_;
  std::optional<Semeld> semeld_;
  std::optional<Caller> caller_;
  std::list<PendingBegin> waiters_;
};

TEST_F(DrainTest, UnderLoad) {
  StartWith(kLongDrain);
  const int64_t token = Acquire("order-1");
  WaitFor("order-1", 50);
  EXPECT_EQ(semeld_->Get("/readyz").code, 200);
  const auto health = grpc::health::v1::Health::NewStub(caller_->channel());
  grpc::ClientContext context;
  HealthCheckResponse response;
  const auto watch = health->Watch(&context, {});
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  std::list<Worker> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back(*semeld_, i);
  for (const Worker& worker : workers) ASSERT_TRUE(Eventually([&] { return worker.completed() >= 10; }));

  semeld_->process().Signal(SIGTERM);
  for (const PendingBegin& waiter : waiters_) {
    EXPECT_TRUE(waiter.Await()->has_in_progress()) << waiter.Await().error();
  }
  for (Worker& worker : workers) EXPECT_GE(worker.AwaitRefusal(), 10);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(semeld_->Get("/readyz").code, 503);
  EXPECT_EQ(semeld_->Get("/livez").code, 200);
  ExpectDraining(caller_->Call(BeginOf("order-2")).error());
  ExpectDraining(caller_->Call(WaitingBeginOf("order-1")).error());
  v1::BatchBeginRequest batch;
  *batch.add_requests() = BeginOf("order-2");
  EXPECT_EQ(caller_->Call(batch)->items(0).error().reason(), "DRAINING");
  EXPECT_TRUE(caller_->Call(RenewOf("order-1", token)).ok());
  EXPECT_TRUE(caller_->Call(ResultOf("order-1", token, "paid")).ok()) << "owners may still report";
  EXPECT_EQ(caller_->Call(LookupOf("order-1"))->record().result().payload(), "paid");

  semeld_->process().Signal(SIGTERM);
  EXPECT_FALSE(watch->Read(&response)) << "does not hold up the end";
  watch->Finish();
  caller_.reset();
  waiters_.clear();
  EXPECT_EQ(semeld_->process().AwaitEnd()->exit_code, 0) << semeld_->Log();

  StartWith("");
  EXPECT_EQ(caller_->Call(LookupOf("order-1"))->record().result().payload(), "paid");
  EXPECT_FALSE(caller_->Call(LookupOf("order-2"))->has_record());
  for (const Worker& worker : workers) {
    for (int i = 0; i < worker.completed(); ++i) {
      ASSERT_EQ(caller_->Call(LookupOf(worker.Key(i)))->record().state(), v1::STATE_DONE);
    }
  }
}

TEST_F(DrainTest, EndsByItselfAfterTheDelay) {
  StartWith("shutdown:\n  drain_delay: 100ms\n  timeout: 20s\n");
  Acquire("order-1");
  WaitFor("order-1", 5);
  caller_.reset();
  semeld_->process().Signal(SIGINT);
  for (const PendingBegin& waiter : waiters_) EXPECT_TRUE(waiter.Await()->has_in_progress());
  waiters_.clear();
  EXPECT_EQ(semeld_->process().AwaitEnd()->exit_code, 0) << semeld_->Log();
}

// The connection of a client that does not even read is cut when the time is over.
TEST_F(DrainTest, EndsInTimeWhateverClientsDo) {
  StartWith("shutdown:\n  drain_delay: 0s\n  timeout: 500ms\n");
  grpc::CompletionQueue never_polled;
  const auto stub = v1::IdempotencyService::NewStub(semeld_->NewChannel());
  const int64_t token = Acquire("order-1");
  grpc::ClientContext context;
  v1::BeginResponse response;
  grpc::Status status;
  const auto reader = stub->AsyncBegin(&context, WaitingBeginOf("order-1"), &never_polled);
  reader->Finish(&response, &status, nullptr);
  EXPECT_TRUE(caller_->Call(RenewOf("order-1", token)).ok());
  semeld_->process().Signal(SIGTERM);
  const auto ending = semeld_->process().AwaitEnd(absl::Seconds(10));
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(ending->exit_code, 0) << semeld_->Log();
  void* tag = nullptr;
  bool ok = false;
  never_polled.Next(&tag, &ok);
  never_polled.Shutdown();
}

TEST_F(DrainTest, TwoSignalsAtOnceEndItToo) {
  StartWith(kLongDrain);
  caller_.reset();
  semeld_->process().Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return semeld_->Get("/readyz").code == 503; }));
  semeld_->process().Signal(SIGTERM);
  EXPECT_EQ(semeld_->process().AwaitEnd()->exit_code, 0);
}

// What was taken is answered, however slow the disk is while the server shuts down.
class SlowShutdownTest : public LocalServerTest {
 protected:
  SlowShutdownTest() : SlowShutdownTest(std::make_shared<support::Gate>()) {}

  const std::shared_ptr<support::Gate> gate_;

 private:
  explicit SlowShutdownTest(const std::shared_ptr<support::Gate>& gate)
      : LocalServerTest({}, support::Behind(gate, support::InMemory())), gate_(gate) {}
};

TEST_F(SlowShutdownTest, CallsInFlightFinish) {
  const int64_t token = Acquire("order-1");
  const auto health = grpc::health::v1::Health::NewStub(server_.NewChannel());
  grpc::ClientContext context;
  HealthCheckResponse response;
  const auto watch = health->Watch(&context, {});
  ASSERT_TRUE(watch->Read(&response));
  // The next news is written when the server knows that this has left. It hears so on the thread that will stand before the gate:
  // let it answer others on the same connection first.
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext asked;
    HealthCheckResponse answer;
    ASSERT_TRUE(health->Check(&asked, {}, &answer).ok());
  }
  gate_->Close();
  const PendingComplete in_flight(*caller_, ResultOf("order-1", token, "paid"));
  gate_->AwaitCommit();
  std::thread stopping([&] { server_.Stop(); });
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING) << "it stops while the disk works";
  gate_->Open();
  EXPECT_TRUE(in_flight.Await().ok()) << in_flight.Await().error();
  while (watch->Read(&response)) {
  }
  watch->Finish();
  stopping.join();
  Start();
  EXPECT_EQ(Look("order-1").result().payload(), "paid");
}

}  // namespace
}  // namespace semel::e2e
