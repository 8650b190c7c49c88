// semeld: reads the command line and the configuration, and serves. lifecycle.cc wires everything together.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <variant>

#include "absl/synchronization/mutex.h"
#include "server/lifecycle.h"
#include "server/ops/flags.h"
#include "server/ops/logging.h"

namespace {

// Started with stdin, stdout or stderr closed, the next files that are opened, the database's, would get their numbers, and
// what is logged would be written into the database. Libraries open files before main, so this comes before them; and with
// bare system calls, since sanitizers are not ready yet either.
void FillStandardStreams(int /*argc*/, char** /*argv*/, char** /*environment*/) {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (syscall(SYS_fcntl, stream, F_GETFD) >= 0) continue;
    // The lowest number that is free, so this one.
    if (syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR) < 0) syscall(SYS_exit_group, EXIT_FAILURE);
  }
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)(int, char**, char**) = FillStandardStreams;

}  // namespace

int main(int argc, char** argv) {
  // Debian builds Abseil, and with it gRPC's locks, to look for deadlocks at every lock that is taken.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const std::variant<semel::ops::CommandLine, semel::ops::ExitCode> parsed =
      semel::ops::ParseFlags(argc, argv, std::cout, std::cerr);
  if (const auto* exit = std::get_if<semel::ops::ExitCode>(&parsed)) return exit->value;
  const auto& command_line = std::get<semel::ops::CommandLine>(parsed);
  semel::ops::Logger log(command_line.config.log.level, command_line.config.log.format);
  return semel::Serve(command_line, log);
}
