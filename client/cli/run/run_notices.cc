#include "client/cli/run/run_notices.h"

#include <unistd.h>

#include "client/cli/run/output_stream.h"

namespace semel::cli {

void RunNotices::Note(const std::string& text) const {
  if (!quiet_) Warn(text);
}

// Written at once and in one piece; where stderr is closed there is nobody to tell.
void RunNotices::Warn(const std::string& text) const { WriteAll(STDERR_FILENO, "semel: " + text + "\n"); }

}  // namespace semel::cli
