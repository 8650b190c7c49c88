// A bare unary echo on the gRPC API that semeld uses: completion queues, requests posted in advance, few polling threads.
//
//   semel_bench_echo --port 0        prints: echo ready grpc=127.0.0.1:PORT
//
// Runs until SIGTERM or SIGINT.

#include <grpcpp/grpcpp.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "echo.grpc.pb.h"

namespace semel::bench {
namespace {

using v1::EchoRequest;
using v1::EchoResponse;
using v1::EchoService;

// One posted request, used again for call after call.
class EchoCall {
 public:
  EchoCall(EchoService::AsyncService& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) {
    Post();
  }

  // The step that was waited for is over. False in `ok` means that the server shuts down or that the caller is gone.
  void Proceed(bool ok) {
    if (answering_) return Post();
    if (!ok) return;
    answering_ = true;
    response_.set_payload(std::move(*request_.mutable_payload()));
    responder_->Finish(response_, grpc::Status::OK, this);
  }

 private:
  void Post() {
    answering_ = false;
    responder_.reset();
    context_.emplace();
    responder_.emplace(&*context_);
    request_.Clear();
    service_.RequestEcho(&*context_, &request_, &*responder_, &queue_, &queue_, this);
  }

  EchoService::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<EchoResponse>> responder_;
  EchoRequest request_;
  EchoResponse response_;
  bool answering_ = false;
};

void Poll(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<EchoCall*>(tag)->Proceed(ok);
}

int Serve(int port, int threads, int posted) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread; main waits for them

  EchoService::AsyncService service;
  grpc::ServerBuilder builder;
  int bound_port = 0;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &bound_port);
  builder.RegisterService(&service);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues(threads);
  for (auto& queue : queues) queue = builder.AddCompletionQueue();
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || bound_port == 0) {
    std::fprintf(stderr, "cannot listen on 127.0.0.1:%d\n", port);
    return 1;
  }

  std::vector<std::unique_ptr<EchoCall>> calls;
  std::vector<std::thread> pollers;
  for (auto& queue : queues) {
    for (int i = 0; i < posted; ++i) calls.push_back(std::make_unique<EchoCall>(service, *queue));
  }
  for (auto& queue : queues) pollers.emplace_back([&queue] { Poll(*queue); });
  std::printf("echo ready grpc=127.0.0.1:%d\n", bound_port);
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  for (auto& queue : queues) queue->Shutdown();
  for (auto& poller : pollers) poller.join();
  return 0;
}

}  // namespace
}  // namespace semel::bench

int main(int argc, char** argv) {
  CLI::App app("Bare gRPC echo, the yardstick of ./dev bench");
  int port = 0, threads = 1, posted = 512;
  app.add_option("--port", port, "port on 127.0.0.1; 0: any free one")->check(CLI::Range(0, 65535));
  app.add_option("--threads", threads, "polling threads, each with its completion queue")->check(CLI::Range(1, 64));
  app.add_option("--posted", posted, "requests posted in advance per completion queue")->check(CLI::Range(1, 65536));
  CLI11_PARSE(app, argc, argv);
  return semel::bench::Serve(port, threads, posted);
}
