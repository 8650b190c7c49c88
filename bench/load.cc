// The load generator: many callers in one thread, on completion queues. Prints what it measured as one JSON object and exits
// 1 if any call failed or was answered wrongly.
//
//   semel_bench_load --target 127.0.0.1:7420 --mode unary --in-flight 64 --seconds 5 --server-pid "$(pidof semeld)"

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/driver.h"
#include "bench/flows.h"
#include "bench/recorder.h"

namespace semel::bench {
namespace {

struct Options {
  std::string target;
  std::string mode;
  int in_flight = 64;
  int channels = 1;
  double warm_up_s = 1;
  double seconds = 5;
  uint64_t pairs = 0;
  pid_t server_pid = 0;
  Workload workload;
};

void Declare(CLI::App& app, Options& options) {
  app.add_option("--target", options.target, "HOST:PORT of the server")->required();
  app.add_option("--mode", options.mode, "echo: Echo. unary: Begin + Complete. batch: BatchBegin + BatchComplete")
      ->check(CLI::IsMember({"echo", "unary", "batch"}))
      ->required();
  app.add_option("--in-flight", options.in_flight, "calls in flight at any time")->check(CLI::Range(1, 65536));
  app.add_option("--channels", options.channels, "connections that they share")->check(CLI::Range(1, 1024));
  app.add_option("--warm-up", options.warm_up_s, "seconds before anything counts")->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds, "seconds that count")->check(CLI::PositiveNumber);
  app.add_option("--pairs", options.pairs, "stop after so many pairs instead; no warm-up");
  app.add_option("--server-pid", options.server_pid, "whose processor time to report");
  app.add_option("--namespace", options.workload.ns, "namespace of the keys");
  app.add_option("--result-bytes", options.workload.result_bytes, "size of each result");
  app.add_option("--echo-bytes", options.workload.echo_bytes, "size of each echo, both ways");
  app.add_option("--batch-items", options.workload.batch_items, "keys in a batch")->check(CLI::Range(1, 1000));
}

// Every channel is a connection of its own.
std::vector<std::shared_ptr<grpc::Channel>> Connect(const Options& options) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.channels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channels.push_back(grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
  }
  for (const auto& channel : channels) {
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) return {};
  }
  return channels;
}

std::unique_ptr<Flow> MakeFlow(const Options& options, std::shared_ptr<grpc::Channel> channel,
                               grpc::CompletionQueue& queue, Randomness& randomness) {
  if (options.mode == "echo") return MakeEchoFlow(std::move(channel), queue, options.workload);
  if (options.mode == "batch") return MakeBatchFlow(std::move(channel), queue, options.workload, randomness);
  return MakePairFlow(std::move(channel), queue, options.workload, randomness);
}

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

nlohmann::json Report(const Recorder& recorder, const CpuUse& cpu) {
  nlohmann::json report = recorder.ToJson();
  auto per_call = [&](double seconds) {
    return seconds * 1e6 / static_cast<double>(std::max<uint64_t>(1, recorder.calls()));
  };
  report["client_cpu_us_per_call"] = per_call(cpu.client);
  if (cpu.server) {
    report["server_cpu_us_per_call"] = per_call(*cpu.server);
    report["server_cpu_cores"] = *cpu.server / recorder.seconds();
  }
  return report;
}

int Run(const Options& options) {
  auto channels = Connect(options);
  if (channels.empty()) {
    std::fprintf(stderr, "no server answers at %s\n", options.target.c_str());
    return 1;
  }
  grpc::CompletionQueue queue;
  Randomness randomness;
  std::vector<std::unique_ptr<Flow>> flows;
  for (int i = 0; i < options.in_flight; ++i) {
    flows.push_back(MakeFlow(options, channels[i % channels.size()], queue, randomness));
  }
  Recorder recorder;
  Driver driver(queue,
                {.warm_up = Seconds(options.warm_up_s),
                 .measured = Seconds(options.seconds),
                 .pairs = options.pairs,
                 .server_pid = options.server_pid},
                recorder);
  if (absl::Status status = driver.Run(flows); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::_Exit(1);  // calls are still in flight: their objects cannot be taken down
  }
  std::cout << Report(recorder, driver.cpu()) << std::endl;
  return recorder.errors() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace semel::bench

int main(int argc, char** argv) {
  CLI::App app("Load generator of ./dev bench");
  semel::bench::Options options;
  semel::bench::Declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return semel::bench::Run(options);
}
