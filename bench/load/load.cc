// The load generator: many callers in one thread, on completion queues. Prints what it measured as one JSON object and exits
// 1 if any call failed or was answered wrongly.
//
//   semel_bench_load --target 127.0.0.1:7420 --kind semel-unary --in-flight 64 --seconds 5 --server-pid "$(pidof semeld)"

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/load/driver.h"
#include "bench/load/flows.h"
#include "bench/load/recorder.h"

namespace semel::bench {
namespace {

struct Options {
  std::string target;
  std::string kind;
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
  app.add_option("--kind", options.kind, "whom to ask, and how")
      ->check(CLI::IsMember({"echo", "semel-unary", "semel-batch"}))
      ->required();
  app.add_option("--in-flight", options.in_flight, "operations in flight at any time; a batch of 64 is 64 of them")
      ->check(CLI::Range(1, 65536));
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
  if (options.kind == "echo") return MakeEchoFlow(std::move(channel), queue, options.workload);
  if (options.kind == "semel-batch") return MakeBatchFlow(std::move(channel), queue, options.workload, randomness);
  return MakePairFlow(std::move(channel), queue, options.workload, randomness);
}

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

nlohmann::json Report(const Recorder& recorder, const CpuUse& cpu) {
  nlohmann::json report = recorder.ToJson();
  // Of a pair, or of a call where there are no pairs.
  uint64_t units = recorder.pairs() > 0 ? recorder.pairs() : std::max<uint64_t>(1, recorder.calls());
  auto per_unit = [&](double seconds) { return seconds * 1e6 / static_cast<double>(units); };
  report["client_cpu_us"] = per_unit(cpu.client);
  report["client_cpu_cores"] = cpu.client / recorder.seconds();
  if (cpu.server) {
    report["server_cpu_us"] = per_unit(*cpu.server);
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
  size_t callers = options.in_flight;
  if (options.kind == "semel-batch") callers = std::max<size_t>(1, callers / options.workload.batch_items);
  for (size_t i = 0; i < callers; ++i) {
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
