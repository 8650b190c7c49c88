// Real traffic against one server. Prints what it measured and checked as one JSON object, and exits 1 if any call failed or was
// answered wrongly.
//
//   semel_bench_traffic --target 127.0.0.1:7420 --in-flight 64 --seconds 20 --server-pid "$(pidof semeld)"

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <unistd.h>

#include "bench/load/process_cpu.h"
#include "bench/traffic/traffic.h"

namespace semel::bench {
namespace {

struct Options {
  std::string target;
  int in_flight = 64;
  int channels = 1;
  double warm_up_s = 0.5;
  double seconds = 10;
  double window_s = 5;
  pid_t server_pid = 0;
  std::string ns = "bench";
  bool plain = false;
};

void Declare(CLI::App& app, Options& options) {
  app.add_option("--target", options.target, "HOST:PORT of the server")->required();
  app.add_option("--in-flight", options.in_flight, "callers side by side")->check(CLI::Range(1, 65536));
  app.add_option("--channels", options.channels, "connections that they share")->check(CLI::Range(1, 1024));
  app.add_option("--warm-up", options.warm_up_s, "seconds before anything counts")->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds, "seconds that count")->check(CLI::PositiveNumber);
  app.add_option("--window", options.window_s, "seconds of each window")->check(CLI::PositiveNumber);
  app.add_option("--server-pid", options.server_pid, "whose processor time to report");
  app.add_option("--namespace", options.ns, "namespace of the keys");
  app.add_flag("--plain", options.plain, "only fresh keys and results of 200 bytes, to compare with");
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

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

// Processor seconds of the generator and the server so far.
struct Cpu {
  double client = 0;
  double server = 0;
};

Cpu CpuNow(const Options& options) {
  return {.client = CpuSecondsOf(getpid()).value_or(0),
          .server = options.server_pid == 0 ? 0 : CpuSecondsOf(options.server_pid).value_or(0)};
}

// Until every caller has ended its last round. False: an answer was wrong, or none came.
bool Drive(const Options& options, Wire& wire, Traffic& traffic, Tally& tally, Cpu& used) {
  const SteadyClock::time_point begun = SteadyClock::now();
  const SteadyClock::time_point measured = begun + Seconds(options.warm_up_s);
  const SteadyClock::time_point over = measured + Seconds(options.seconds);
  for (int i = 0; i < options.in_flight; ++i) traffic.StartCaller();
  Cpu before;
  bool started = false;
  while (traffic.callers() > 0) {
    if (!wire.Next() || tally.errors() > 0) return false;
    const SteadyClock::time_point now = SteadyClock::now();
    if (!started && now >= measured) {
      started = true;
      before = CpuNow(options);
      tally.StartMeasuring(now);
    } else if (tally.measuring() && now >= over) {
      tally.StopMeasuring(now);
      const Cpu after = CpuNow(options);
      used = {.client = after.client - before.client, .server = after.server - before.server};
      traffic.Stop();
    }
  }
  return true;
}

int Run(const Options& options) {
  const auto channels = Connect(options);
  if (channels.empty()) {
    std::fprintf(stderr, "no server answers at %s\n", options.target.c_str());
    return 1;
  }
  Tally tally(Seconds(options.window_s));
  Wire wire(channels, tally);
  Traffic traffic(wire, tally, options.ns, options.plain ? Shares::Plain() : Shares());
  Cpu used;
  if (!Drive(options, wire, traffic, tally, used)) {
    std::cerr << (tally.errors() > 0 ? tally.ToJson()["error_samples"].dump() : "the server stopped answering")
              << std::endl;
    std::_Exit(1);  // calls are still in flight: their objects cannot be taken down
  }
  nlohmann::json report = tally.ToJson();
  report["client_cpu_cores"] = used.client / tally.seconds();
  report["server_cpu_cores"] = used.server / tally.seconds();
  std::cout << report << std::endl;
  return 0;
}

}  // namespace
}  // namespace semel::bench

int main(int argc, char** argv) {
  CLI::App app("Real traffic, for ./dev bench mix and soak");
  semel::bench::Options options;
  semel::bench::Declare(app, options);
  CLI11_PARSE(app, argc, argv);
  return semel::bench::Run(options);
}
