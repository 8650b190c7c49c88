#include "client/cli/run/terminal.h"

#include <fcntl.h>
#include <unistd.h>

namespace semel::cli {

Terminal::Terminal() : file_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}

Terminal::~Terminal() {
  TakeBack();
  if (file_ >= 0) close(file_);
}

bool Terminal::GiveTo(pid_t process_group) {
  if (file_ < 0 || tcgetpgrp(file_) != getpgrp()) return false;
  given_ = tcsetpgrp(file_, process_group) == 0;
  return given_;
}

void Terminal::TakeBack() {
  if (given_) tcsetpgrp(file_, getpgrp());  // fails where the terminal is gone: nothing to take back then
  given_ = false;
}

}  // namespace semel::cli
