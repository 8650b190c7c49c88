// --effects-began-after, when the server does not take the word at once.

#include <atomic>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

// In the server's place: it answers, and refuses everything.
class Refuser : public grpc::CallbackGenericService {
 public:
  Refuser() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~Refuser() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  // Lookups: with them the mark begins.
  int lookups() const { return lookups_; }

 private:
  struct Refusal : grpc::ServerGenericBidiReactor {
    Refusal() { Finish({grpc::StatusCode::PERMISSION_DENIED, "not now"}); }
    void OnDone() override { delete this; }
  };

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    if (context->method().ends_with("/Lookup")) ++lookups_;
    return new Refusal;
  }

  std::atomic<int> lookups_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

class EffectsMarkTest : public RunTest {
 protected:
  // Refused at least twice.
  void RefuseFor(Refuser& refuser) {
    proxy().SetBackend(refuser.address());
    proxy().Restore();  // cuts the connections to the one before
    EXPECT_TRUE(Eventually([&] { return refuser.lookups() >= 2; }));
  }
};

TEST_F(EffectsMarkTest, IsTriedAgainAfterARefusal) {
  Refuser refuser;
  Started runner = Start({"--address", proxy().address(), "--key", "k", "--lease", "60s", "--effects-began-after", "2s",
                          "--", "sh", "-c", "echo begun; read x <$T/gate"});
  ASSERT_EQ(runner.Line(), "begun") << runner.Err();
  RefuseFor(refuser);
  proxy().SetBackend(server().address());
  proxy().Restore();
  EXPECT_TRUE(Eventually([&] { return Lookup("k").effects_began; }));
  OpenGate();
  EXPECT_EQ(runner.Wait(), 0) << runner.Err();
  EXPECT_EQ(runner.Err(), "");
}

TEST_F(EffectsMarkTest, ARefusalThatStaysIsToldAndASignalIsNoRetryableFailure) {
  Refuser refuser;
  Started runner = Start({"--address", proxy().address(), "--key", "k", "--lease", "60s", "--effects-began-after", "2s",
                          "--", "sh", "-c", "echo begun; exec sleep 1000"});
  ASSERT_EQ(runner.Line(), "begun") << runner.Err();
  RefuseFor(refuser);
  runner.process->Signal(SIGTERM);
  EXPECT_EQ(runner.Wait(), cli::kRunInDoubt) << runner.Err();
  EXPECT_THAT(runner.Err(), testing::HasSubstr("effects began was refused by the server: "));
  EXPECT_EQ(Lookup("k").state, State::kInProgress);
}

}  // namespace
}  // namespace semel
