// Bytes that are no gRPC, connections that say nothing, clients that do not read: refused, in bounded memory, and a well-behaved
// caller beside them notices nothing.

#include <gmock/gmock.h>

#include <list>
#include <random>
#include <vector>

#include "tests/hardship/raw_connection.h"
#include "tests/hardship/resident_memory.h"
#include "tests/hardship/steady_caller.h"
#include "tests/support/raw_call.h"
#include "tests/support/scrape.h"

namespace semel::hardship {
namespace {

using support::Caller;
using support::Eventually;
using support::Scrape;
using support::Semeld;
using testing::HasSubstr;

constexpr char kConfig[] =
    "connections: {keepalive_interval: 1s, keepalive_timeout: 10s}\n"
    "limits: {max_inflight_bytes: 64MiB}\n";
constexpr char kBegin[] = "/semel.v1.IdempotencyService/Begin";

class HostileBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(semeld_.AwaitReady()) << semeld_.Log();
    steady_.emplace(semeld_);
    ASSERT_TRUE(steady_->AwaitServed());
    before_ = ResidentMiB(semeld_);
  }
  void TearDown() override {
    ASSERT_TRUE(steady_->AwaitServed()) << "the others are served as before";
    steady_.reset();
    EXPECT_EQ(semeld_.Get("/readyz").code, 200);
    EXPECT_EQ(semeld_.Stop(), 0) << semeld_.Log();
  }
  double OpenFiles() const { return Scrape(semeld_.Get("/metrics").body)["semel_process_open_fds"]; }
  void ExpectGrownByAtMost(double mib) const {
    const double now = ResidentMiB(semeld_);
    std::printf("resident: %.0f MiB before, %.0f MiB now\n", before_, now);
    if (kMemoryIsMeasurable) {
      EXPECT_LT(now - before_, mib);
    }
  }
  // A new connection that sends this is closed; how much of it the server takes is its own affair.
  void ExpectRefused(std::string_view bytes) {
    RawConnection connection(semeld_.port());
    ASSERT_TRUE(connection.connected());
    connection.Send(bytes);
    EXPECT_TRUE(connection.AwaitClosed());
  }

  const support::TemporaryDirectory directory_;
  Semeld semeld_{directory_, {.config = kConfig}};
  std::optional<SteadyCaller> steady_;
  double before_ = 0;
};

TEST_F(HostileBytesTest, RandomBytes) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string bytes(1 + random() % 65536, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    ExpectRefused(bytes);
  }
  ExpectGrownByAtMost(64);
}

TEST_F(HostileBytesTest, RandomFramesAfterAGoodBeginning) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = Hello();
    for (int i = 0; i < 50; ++i) {
      std::string payload(random() % 300, '\0');
      for (char& byte : payload) byte = static_cast<char>(random());
      bytes += Frame(static_cast<FrameType>(random() % 12), static_cast<uint8_t>(random()), random() % 8, payload);
    }
    RawConnection connection(semeld_.port());
    connection.Send(bytes);  // not each of them breaks a rule: some may live on until we hang up
  }
  ExpectGrownByAtMost(64);
}

TEST_F(HostileBytesTest, OtherProtocols) {
  ExpectRefused("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // The first bytes of a TLS 1.2 ClientHello.
  ExpectRefused(std::string("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", 11) + std::string(160, 'r'));
  ExpectRefused("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  ExpectRefused(std::string(100'000, '\0'));
}

TEST_F(HostileBytesTest, BrokenFrames) {
  std::string oversize = Hello() + Frame(FrameType::kData, 0, 1, "");
  oversize[oversize.size() - 9] = oversize[oversize.size() - 8] = oversize[oversize.size() - 7] = '\xff';
  ExpectRefused(oversize + std::string(100'000, 'x'));
  ExpectRefused(Hello() + Frame(FrameType::kContinuation, 0, 1, "stray"));
  ExpectRefused(Hello() + Frame(FrameType::kData, 0, 0, "on no stream"));
  ExpectRefused(Hello() + Frame(FrameType::kSettings, 0, 0, "odd"));
  ExpectRefused(Hello() + Frame(FrameType::kHeaders, 0x4, 1, "\xff\xff\xff\xff\xff\xff\xff\xff"));
}

// Headers without an end. gRPC 1.51 keeps them until their end comes (grpc/grpc#26700), and has no bound for it: what one such
// connection costs is in proportion to what it sends, and others are served meanwhile.
TEST_F(HostileBytesTest, HeadersWithoutEnd) {
  RawConnection connection(semeld_.port());
  ASSERT_TRUE(connection.Send(Hello() + Frame(FrameType::kHeaders, 0, 1, "")));
  std::string literal = {0, 3};  // not indexed; name of 3, value of 100
  literal += "abc" + std::string(1, 100) + std::string(100, 'v');
  std::string payload;
  while (payload.size() + literal.size() < 16'000) payload += literal;
  const std::string frame = Frame(FrameType::kContinuation, 0, 1, payload);
  size_t sent = 0;
  while (sent < 16 * (1 << 20) && connection.Send(frame)) sent += frame.size();
  ASSERT_TRUE(steady_->AwaitServed(50));
  ExpectGrownByAtMost(128);
}

TEST_F(HostileBytesTest, MessagesThatAreNone) {
  const auto channel = semeld_.NewChannel();
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::string bytes(1 + random() % 500, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    bytes[0] = '\x07';  // a wire type that there is not
    EXPECT_FALSE(support::CallRaw(channel, kBegin, bytes).status.ok());
  }
}

TEST_F(HostileBytesTest, AHundredMebibytes) {
  const auto channel = semeld_.NewChannel();
  const std::string huge(100 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(support::CallRaw(channel, kBegin, huge).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  ExpectGrownByAtMost(128);
}

// They are there, and say nothing, or stop half way.
TEST_F(HostileBytesTest, TwoThousandSilentConnections) {
  constexpr int kConnections = 2'000;
  const double files = OpenFiles();
  std::vector<RawConnection> connections;
  for (int i = 0; i < kConnections; ++i) {
    RawConnection& connection = connections.emplace_back(semeld_.port());
    ASSERT_TRUE(connection.connected()) << i;
    if (i % 4 == 1) connection.Send(kPreface.substr(0, 10));
    if (i % 4 == 2) connection.Send(Hello());
    if (i % 4 == 3) connection.Send(Hello() + UnaryCall(kBegin, "xyz").substr(0, 50));
  }
  ASSERT_TRUE(steady_->AwaitServed(50));
  ExpectGrownByAtMost(256);
  // Those who never said hello are dropped after the handshake's time, the others because they answer no ping.
  for (RawConnection& connection : connections) ASSERT_TRUE(connection.AwaitClosed());
  EXPECT_TRUE(Eventually([&] { return OpenFiles() < files + 50; })) << OpenFiles();
}

TEST_F(HostileBytesTest, ARequestByteByByte) {
  v1::BeginRequest begin = support::BeginOf("slowly");
  const std::string bytes = Hello() + UnaryCall(kBegin, begin.SerializeAsString());
  RawConnection connection(semeld_.port());
  for (const char byte : bytes) ASSERT_TRUE(connection.Send(std::string_view(&byte, 1)));
  const Caller caller(semeld_.NewChannel());
  EXPECT_TRUE(
      Eventually([&] { return caller.Call(support::LookupOf("slowly"))->record().state() == v1::STATE_IN_PROGRESS; }));
}

TEST_F(HostileBytesTest, ConnectionsResetHalfWay) {
  const std::string bytes = Hello() + UnaryCall(kBegin, support::BeginOf("half").SerializeAsString());
  for (size_t i = 0; i < 1'000; ++i) {
    RawConnection connection(semeld_.port());
    connection.Send(std::string_view(bytes).substr(0, i % bytes.size()));
    connection.Reset();
  }
  EXPECT_TRUE(Eventually([&] { return Scrape(semeld_.Get("/metrics").body)["semel_calls_in_flight"] <= 1; }));
  ExpectGrownByAtMost(64);
}

// Lookups of large results over connections that are never read. What they hold is bounded; what is small passes.
TEST_F(HostileBytesTest, AnswersThatNobodyReads) {
  constexpr int kReaders = 600;
  const Caller caller(semeld_.NewChannel());
  const int64_t token = caller.Call(support::BeginOf("large"))->acquired().token();
  ASSERT_TRUE(caller.Call(support::ResultOf("large", token, std::string(1 << 20, 'x'))).ok());
  struct Reader {
    grpc::ClientContext context;
    v1::LookupResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::LookupResponse>> reader;
  };
  std::list<Reader> readers;
  grpc::CompletionQueue never_polled;
  std::vector<std::unique_ptr<v1::IdempotencyService::Stub>> stubs;
  for (int i = 0; i < 4; ++i) {
    const auto channel = semeld_.NewChannel();
    ASSERT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(60)));
    stubs.push_back(v1::IdempotencyService::NewStub(channel));
  }
  for (int i = 0; i < kReaders; ++i) {
    Reader& reader = readers.emplace_back();
    reader.reader = stubs[i % stubs.size()]->AsyncLookup(&reader.context, support::LookupOf("large"), &never_polled);
    reader.reader->Finish(&reader.response, &reader.status, &reader);
  }
  // Until those who ask for it now are told that there is no room, if it comes to that.
  const auto overloaded = [&] {
    return Scrape(semeld_.Get("/metrics").body)["semel_calls_total{method=\"Lookup\",code=\"UNAVAILABLE\"}"] > 0;
  };
  ASSERT_TRUE(Eventually(overloaded));
  ASSERT_TRUE(steady_->AwaitServed(50));
  ExpectGrownByAtMost(768);
  for (Reader& reader : readers) reader.context.TryCancel();
  never_polled.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (never_polled.Next(&tag, &ok)) {
  }
  stubs.clear();
  EXPECT_TRUE(Eventually([&] { return caller.Call(support::LookupOf("large")).ok(); })) << "there is room again";
}

class HostileToTheAdminPortTest : public HostileBytesTest {};

TEST_F(HostileToTheAdminPortTest, GarbageAndSlowloris) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::string bytes(1 + random() % 20'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    RawConnection connection(semeld_.admin_port());
    connection.Send(bytes);
  }
  std::vector<RawConnection> slow;
  for (int i = 0; i < 200; ++i) {
    RawConnection& connection = slow.emplace_back(semeld_.admin_port());
    connection.Send(i % 2 == 0 ? "" : "GET /metrics HTTP/1.1\r\nX-Slow: ");
  }
  ASSERT_TRUE(steady_->AwaitServed(50)) << "calls do not depend on that port";
  slow.clear();
  EXPECT_TRUE(Eventually([&] { return semeld_.Get("/readyz").code == 200; })) << "and it serves again";
  ExpectGrownByAtMost(64);
}

}  // namespace
}  // namespace semel::hardship
