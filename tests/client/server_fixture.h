// A real semeld in a process of its own, on fresh data and a free port, with a lossy proxy before it.

#ifndef SEMEL_TESTS_CLIENT_SERVER_FIXTURE_H_
#define SEMEL_TESTS_CLIENT_SERVER_FIXTURE_H_

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client/demo/lossy_proxy.h"
#include "client/demo/server_process.h"
#include "semel/admin_client.h"
#include "semel/client.h"

namespace semel {

using namespace std::chrono_literals;

// Far more than anything takes: a test that gets here has failed.
inline std::chrono::steady_clock::time_point Patience() { return std::chrono::steady_clock::now() + 60s; }

// For what tells nobody: looks again and again. False: it did not come true.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto give_up = Patience();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

class ServerTest : public testing::Test {
 protected:
  // `config`: YAML for the server.
  explicit ServerTest(const std::string& config = "") {
    std::string pattern = std::filesystem::temp_directory_path() / "semel-client-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    if (!config.empty()) {
      std::ofstream(directory_ + "/semeld.yaml") << config;
      server_arguments_ = {"--config", directory_ + "/semeld.yaml"};
    }
    StartServer();
    proxy_ = demo::LossyProxy::Start(server_->address()).value();
  }

  ~ServerTest() override {
    proxy_.reset();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void StartServer() {
    auto server = demo::ServerProcess::Start(SEMELD_PATH, directory_, server_arguments_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // kill -9, and a new one on the same data.
  void RestartServer() {
    server_->Kill();
    StartServer();
    proxy_->SetBackend(server_->address());
  }

  // Straight to the server.
  std::unique_ptr<Client> Direct(ClientOptions options = {}) const {
    options.address = server_->address();
    return Connected(std::move(options));
  }
  // Through the proxy.
  std::unique_ptr<Client> ThroughProxy(ClientOptions options = {}) const {
    options.address = proxy_->address();
    return Connected(std::move(options));
  }

  // Until so many callers wait for a key.
  bool AwaitWaiters(int64_t count) const {
    const auto admin = AdminClient::Connect({.address = server_->address()}).value();
    return Eventually([&] {
      const auto stats = admin->GetStats();
      return stats.ok() && stats->waiters == count;
    });
  }

  const std::string& directory() const { return directory_; }
  demo::ServerProcess& server() { return *server_; }
  demo::LossyProxy& proxy() { return *proxy_; }

 private:
  static std::unique_ptr<Client> Connected(ClientOptions options) {
    if (options.namespace_name.empty()) options.namespace_name = "shop";
    // Sanitizers on a busy machine are slow: no test depends on these being short.
    if (options.call_timeout == ClientOptions().call_timeout) options.call_timeout = 30s;
    return Client::Connect(std::move(options)).value();
  }

  std::string directory_;
  std::vector<std::string> server_arguments_;
  std::unique_ptr<demo::ServerProcess> server_;
  std::unique_ptr<demo::LossyProxy> proxy_;
};

// Acquires a key that nobody has, or fails the test.
inline Acquired Acquire(Client& client, const std::string& key, BeginRequest request = {}) {
  request.key = key;
  const absl::StatusOr<BeginAnswer> answer = client.Begin(request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  if (!answer.ok() || !std::holds_alternative<Acquired>(*answer)) {
    ADD_FAILURE() << key << " was not acquired";
    return {};
  }
  return std::get<Acquired>(*answer);
}

}  // namespace semel

#endif  // SEMEL_TESTS_CLIENT_SERVER_FIXTURE_H_
