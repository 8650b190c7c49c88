// An owner as a process of its own, so that it can be stopped: begins a key, says so, and completes it on SIGUSR1.
//
//   hardship_owner ADDRESS KEY LEASE_MILLISECONDS
//   acquired 1795199717616654
//   OK | TOKEN_STALE | ...

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/support/caller.h"
#include "tests/support/requests.h"

int main(int argc, char** argv) {
  using semel::support::BeginOf;
  if (argc != 4) return 2;
  sigset_t go;
  sigemptyset(&go);
  sigaddset(&go, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &go, nullptr);
  const semel::support::Caller caller(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  semel::v1::BeginRequest begin = BeginOf(argv[2]);
  *begin.mutable_lease() = semel::support::ToWire(absl::Milliseconds(std::atoll(argv[3])));
  const auto begun = caller.Call(begin);
  if (!begun->has_acquired()) return 1;
  const int64_t token = begun->acquired().token();
  std::printf("acquired %lld\n", static_cast<long long>(token));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&go, &signal);
  const auto completed = caller.Call(semel::support::ResultOf(argv[2], token, "by the owner that was stopped"));
  std::printf("%s\n", completed.ok() ? "OK" : completed.error().reason.c_str());
  return 0;
}
