// `semel`: the conversation with semeld, by hand.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "client/cli/command_line.h"

namespace {

// Started with stdin, stdout or stderr closed, the next files that are opened, the connection to the server for one, would get their
// numbers, and answers be written there. For reading only: an answer that has nowhere to go must not count as written. Libraries open
// files before main, so this comes before them; and with bare system calls, since sanitizers are not ready yet either.
void FillStandardStreams(int /*argc*/, char** /*argv*/, char** /*environment*/) {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (syscall(SYS_fcntl, stream, F_GETFD) >= 0) continue;
    // The lowest number that is free, so this one.
    if (syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0) syscall(SYS_exit_group, EXIT_FAILURE);
  }
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)(int, char**, char**) = FillStandardStreams;

}  // namespace

int main(int argc, char** argv) { return semel::cli::CommandLine().Run(argc, argv); }
