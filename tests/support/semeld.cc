#include "tests/support/semeld.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace semel::support {

std::string SemeldProgram() { return SEMEL_SEMELD; }

Semeld::Semeld(const TemporaryDirectory& directory, const Options& options)
    : log_file_(directory / (options.data_dir + ".log")), config_file_(directory / (options.data_dir + ".yaml")) {
  std::vector<std::string> command = {SemeldProgram(),
                                      "--listen",
                                      options.listen,
                                      "--admin-listen",
                                      options.admin_listen,
                                      "--data-dir",
                                      directory / options.data_dir};
  if (!options.config.empty()) {
    WriteConfig(options.config);
    command.insert(command.end(), {"--config", config_file_});
  }
  command.insert(command.end(), options.flags.begin(), options.flags.end());
  process_.emplace(ChildProcess::Options{.command = command,
                                         .stderr_file = log_file_,
                                         .environment = options.environment,
                                         .max_file_bytes = options.max_file_bytes,
                                         .max_open_files = options.max_open_files});
}

Semeld::~Semeld() {
  constexpr size_t kPrinted = 16 << 10;
  if (!process_ || !testing::Test::HasFailure()) return;
  const std::string log = Log();
  std::cerr << "The log of semeld ends with:\n" << log.substr(log.size() - std::min(log.size(), kPrinted)) << '\n';
}

bool Semeld::AwaitReady(absl::Duration patience) {
  const std::optional<std::string> line = process_->ReadLine(patience);
  return line &&
         std::sscanf(line->c_str(), "semeld ready grpc=127.0.0.1:%d admin=127.0.0.1:%d", &port_, &admin_port_) == 2;
}

std::string Semeld::Log() const {
  std::stringstream text;
  text << std::ifstream(log_file_).rdbuf();
  return text.str();
}

void Semeld::WriteConfig(const std::string& config) const { std::ofstream(config_file_) << config; }

std::shared_ptr<grpc::Channel> Semeld::NewChannel() const { return NewChannelTo(port_); }

std::optional<int> Semeld::Stop() {
  process_->Signal(SIGTERM);
  const std::optional<Ending> ending = process_->AwaitEnd();
  return ending ? ending->exit_code : std::nullopt;
}

std::shared_ptr<grpc::Channel> NewChannelTo(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace semel::support
