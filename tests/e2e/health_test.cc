// grpc.health.v1 and reflection.

#include <gmock/gmock.h>

#include <list>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/e2e/local_server_test.h"
#include "tests/support/raw_call.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kService[] = "semel.v1.IdempotencyService";

HealthCheckRequest Of(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

class Watch {
 public:
  Watch(Health::Stub& stub, const std::string& service) : reader_(stub.Watch(&context_, Of(service))) {}

  // The next status. nullopt: the call ended.
  std::optional<HealthCheckResponse::ServingStatus> Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? std::optional(response.status()) : std::nullopt;
  }
  grpc::StatusCode End() { return reader_->Finish().error_code(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class HealthTest : public LocalServerTest {
 protected:
  HealthTest() : stub_(Health::NewStub(server_.channel())) {}

  HealthCheckResponse::ServingStatus Check(const std::string& service) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    const grpc::Status status = stub_->Check(&context, Of(service), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }

  const std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthTest, CheckSaysServing) {
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(kService), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, CheckOfAnotherServiceIsNotFound) {
  grpc::ClientContext context;
  HealthCheckResponse response;
  EXPECT_EQ(stub_->Check(&context, Of("shop.Orders"), &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, WatchOfAnotherServiceSaysUnknown) {
  Watch watch(*stub_, "shop.Orders");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  watch.Cancel();
  EXPECT_EQ(watch.End(), grpc::StatusCode::CANCELLED);
}

TEST_F(HealthTest, EveryWatchHearsOfTheDrain) {
  std::list<Watch> watches;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(watches.emplace_back(*stub_, i % 2 == 0 ? "" : kService).Next(), HealthCheckResponse::SERVING);
  }
  server_.server().Drain();
  for (Watch& watch : watches) EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(kService), HealthCheckResponse::NOT_SERVING);
  server_.Stop();  // does not wait for those who watch
  for (Watch& watch : watches) {
    EXPECT_EQ(watch.Next(), std::nullopt);
    EXPECT_EQ(watch.End(), grpc::StatusCode::UNAVAILABLE);
  }
}

TEST_F(HealthTest, AWatchThatWentAwayIsForgotten) {
  for (int i = 0; i < 100; ++i) {
    Watch watch(*stub_, "");
    EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
    watch.Cancel();
    watch.End();
  }
  Watch stays(*stub_, "");
  EXPECT_EQ(stays.Next(), HealthCheckResponse::SERVING);
  server_.server().Drain();
  EXPECT_EQ(stays.Next(), HealthCheckResponse::NOT_SERVING);
}

// A ServerReflectionRequest that says list_services: "*".
constexpr char kListServices[] = "\x3A\x01*";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

TEST(ReflectionTest, ListsTheServicesWhereItIsConfigured) {
  const support::TemporaryDirectory directory;
  support::Semeld semeld(directory, {.config = "reflection: true\n"});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const support::RawAnswer answer = support::CallRaw(semeld.NewChannel(), kReflection, kListServices);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.bytes, testing::HasSubstr(kService));
}

TEST(ReflectionTest, IsNotThereByDefault) {
  const support::TemporaryDirectory directory;
  support::Semeld semeld(directory);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const support::RawAnswer answer = support::CallRaw(semeld.NewChannel(), kReflection, kListServices);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace semel::e2e
