// The real server, as a process of its own on a directory of the test.
//
//   TemporaryDirectory directory;
//   Semeld semeld(directory, {.config = "shutdown: {drain_delay: 1m, timeout: 2m}\n"});
//   ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
//   Caller caller(semeld.NewChannel());

#ifndef SEMEL_TESTS_SUPPORT_SEMELD_H_
#define SEMEL_TESTS_SUPPORT_SEMELD_H_

#include <grpcpp/channel.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/http.h"
#include "tests/support/temporary_directory.h"

namespace semel::support {

// The program itself, for those who start it with arguments of their own.
std::string SemeldProgram();

class Semeld {
 public:
  struct Options {
    std::string data_dir = "data";  // below the test's directory
    std::string config;             // YAML; empty: none
    std::string listen = "127.0.0.1:0";
    std::string admin_listen = "127.0.0.1:0";
    std::vector<std::string> flags;        // beside those for what is above
    std::vector<std::string> environment;  // NAME=value, beside what the test has
    std::optional<size_t> max_file_bytes;  // as if the disk were full beyond
    std::optional<size_t> max_open_files;  // that the system allows
  };

  // Starts it; does not wait.
  explicit Semeld(const TemporaryDirectory& directory) : Semeld(directory, Options()) {}
  Semeld(const TemporaryDirectory& directory, const Options& options);
  // Prints the end of its log where the test has failed.
  ~Semeld();

  // False: it ended, or says nothing.
  bool AwaitReady(absl::Duration patience = kPatience);

  ChildProcess& process() { return *process_; }
  int port() const { return port_; }
  int admin_port() const { return admin_port_; }
  std::string Log() const;  // all that was written to stderr until now

  // A connection of its own, not shared with other channels to the same server.
  std::shared_ptr<grpc::Channel> NewChannel() const;
  // What the next start, or a reload, will find; for a server that was given a configuration.
  void WriteConfig(const std::string& config) const;
  const std::string& config_file() const { return config_file_; }
  HttpAnswer Get(const std::string& path) const { return HttpGet(admin_port_, path); }
  HttpAnswer Post(const std::string& path) const { return HttpPost(admin_port_, path); }

  // SIGTERM, and waits. nullopt: it did not end by itself.
  std::optional<int> Stop();
  void Kill() { process_->Kill(); }

 private:
  std::string log_file_;
  std::string config_file_;
  std::optional<ChildProcess> process_;
  int port_ = 0;
  int admin_port_ = 0;
};

// A channel to a port of this machine that shares no connection.
std::shared_ptr<grpc::Channel> NewChannelTo(int port);

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_SEMELD_H_
