#include "server/grpc_log.h"

#include <grpc/support/log.h>

#include <mutex>
#include <string_view>

namespace semel {
namespace {

// gRPC calls a plain function, and its own threads may outlive the server: they must not find a log that is gone.
std::mutex mutex;
const ops::Logger* logger = nullptr;

ops::LogLevel LevelOf(const gpr_log_func_args& said) {
  const std::string_view text = said.message;
  return text.starts_with("assertion failed") || text.starts_with("UNREACHABLE") ? ops::LogLevel::kError
                                                                                 : ops::LogLevel::kDebug;
}

void Write(gpr_log_func_args* said) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (logger == nullptr) return;
  logger->Log(LevelOf(*said), "gRPC", {{"text", said->message}, {"file", said->file}, {"line", said->line}});
}

void SetLogger(const ops::Logger* next) {
  const std::lock_guard<std::mutex> lock(mutex);
  logger = next;
}

}  // namespace

GrpcLog::GrpcLog(const ops::Logger& log) {
  SetLogger(&log);
  gpr_set_log_function(Write);
}

GrpcLog::~GrpcLog() {
  gpr_set_log_function(nullptr);
  SetLogger(nullptr);
}

}  // namespace semel
