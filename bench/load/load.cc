// The load generator: many callers in one thread. Prints what it measured as one JSON object and exits 1 if any operation failed
// or was answered wrongly.
//
//   semel_bench_load --target 127.0.0.1:7420 --service semel-unary --in-flight 64 --seconds 5 --server-pid "$(pidof semeld)"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bench/load/driver.h"
#include "bench/load/flows.h"
#include "bench/load/recorder.h"
#include "bench/load/service.h"

namespace semel::bench {
namespace {

// Keys whose results are read back after a run.
constexpr size_t kReadBackKeys = 512;

struct Options {
  Destination destination;
  std::string service;
  size_t in_flight = 64;
  double warm_up_s = 1;
  double seconds = 5;
  uint64_t pairs = 0;
  pid_t server_pid = 0;
  Workload workload;
};

const std::map<std::string, Connector>& Connectors() {
  static const auto* connectors = new std::map<std::string, Connector>{
      {"echo", ConnectEcho},
      {"semel-unary", ConnectSemelUnary},
      {"semel-stream", ConnectSemelStream},
      {"semel-client", ConnectSemelClient},
      {"etcd", ConnectEtcd},
#ifdef SEMEL_BENCH_REDIS
      {"redis", ConnectRedis},
#endif
#ifdef SEMEL_BENCH_POSTGRESQL
      {"postgresql", ConnectPostgreSql},
#endif
  };
  return *connectors;
}

void Declare(CLI::App& app, Options& options) {
  Destination& destination = options.destination;
  destination.ns = "bench";
  app.add_option("--target", destination.address, "HOST:PORT of the server")->required();
  app.add_option("--service", options.service, "whom to ask, and how")->check(CLI::IsMember(Connectors()))->required();
  app.add_option("--in-flight", options.in_flight, "keys in flight at any time; a call of 64 keys is 64 of them")
      ->check(CLI::Range(1, 65536));
  app.add_option("--keys-per-call", options.workload.keys_per_call, "more than 1: batches")->check(CLI::Range(1, 1000));
  app.add_option("--pipeline", destination.pipeline, "Redis: operations in flight on each connection")
      ->check(CLI::Range(1, 65536));
  app.add_option("--connections", destination.connections, "connections that all share; 0: what suits the server best")
      ->check(CLI::Range(0, 65536));
  app.add_option("--warm-up", options.warm_up_s, "seconds before anything counts")->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds, "seconds that count")->check(CLI::PositiveNumber);
  app.add_option("--pairs", options.pairs, "stop after so many pairs instead; no warm-up");
  app.add_option("--server-pid", options.server_pid, "whose processor time to report, with all that it started");
  app.add_option("--namespace", destination.ns, "namespace of the keys");
  app.add_option("--retention", options.workload.retention_s, "seconds for which a result is asked to be kept")
      ->check(CLI::Range(1, 31'536'000));
  app.add_option("--result-bytes", options.workload.result_bytes, "size of each result, and of each echo, both ways");
}

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

nlohmann::json Report(const Recorder& recorder, const CpuUse& cpu) {
  nlohmann::json report = recorder.ToJson();
  // Of a pair, or of a call where there are no pairs.
  uint64_t units = cpu.pairs > 0 ? cpu.pairs : std::max<uint64_t>(1, cpu.calls);
  auto per_unit = [&](double seconds) { return seconds * 1e6 / static_cast<double>(units); };
  report["client_cpu_us"] = per_unit(cpu.client);
  report["client_cpu_cores"] = cpu.client / cpu.seconds;
  if (cpu.server) {
    report["server_cpu_us"] = per_unit(*cpu.server);
    report["server_cpu_cores"] = *cpu.server / cpu.seconds;
  }
  return report;
}

// Operations may be in flight: what carries them cannot be taken down.
[[noreturn]] void Fail(absl::string_view why) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
  std::fflush(stderr);
  std::_Exit(1);
}

// What was answered as stored must be there, byte for byte.
void ReadBack(Service& service, size_t callers, Sample& sample) {
  if (sample.size() == 0) return;
  std::vector<std::unique_ptr<Flow>> flows;
  for (size_t i = 0; i < callers; ++i) flows.push_back(MakeReadBackFlow(sample));
  Recorder recorder;
  Driver driver(service, {.pairs = sample.size()}, recorder);
  if (absl::Status status = driver.Run(flows); !status.ok()) Fail(status.message());
  if (recorder.errors() > 0) Fail(recorder.ToJson()["error_samples"].dump());
}

void Run(Options options) {
  options.destination.keys_per_call = options.workload.keys_per_call;
  options.destination.callers = std::max<size_t>(1, options.in_flight / options.workload.keys_per_call);
  absl::StatusOr<std::unique_ptr<Service>> service = Connectors().at(options.service)(options.destination);
  if (!service.ok()) Fail(service.status().message());

  Randomness randomness;
  Sample sample(std::max<size_t>(1, kReadBackKeys / options.workload.keys_per_call));
  std::vector<std::unique_ptr<Flow>> flows;
  for (size_t i = 0; i < options.destination.callers; ++i) {
    flows.push_back(options.service == "echo" ? MakeEchoFlow(options.workload)
                                              : MakePairFlow(options.workload, randomness, sample));
  }
  Recorder recorder;
  Driver driver(**service,
                {.warm_up = Seconds(options.warm_up_s),
                 .measured = Seconds(options.seconds),
                 .pairs = options.pairs,
                 .server_pid = options.server_pid},
                recorder);
  if (absl::Status status = driver.Run(flows); !status.ok()) Fail(status.message());
  if (recorder.errors() > 0) Fail(recorder.ToJson()["error_samples"].dump());
  nlohmann::json report = Report(recorder, driver.cpu());
  report["read_back_calls"] = sample.size();
  std::cout << report << std::endl;
  ReadBack(**service, options.destination.callers, sample);
  if (absl::Status status = (*service)->Close(); !status.ok()) Fail(status.message());
}

}  // namespace
}  // namespace semel::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a connection that broke is an error of its operations
  CLI::App app("Load generator of ./dev bench");
  semel::bench::Options options;
  semel::bench::Declare(app, options);
  CLI11_PARSE(app, argc, argv);
  semel::bench::Run(std::move(options));
  return 0;
}
