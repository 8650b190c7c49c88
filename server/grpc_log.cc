#include "server/grpc_log.h"

#include <grpc/support/log.h>

#include <mutex>
#include <string>
#include <string_view>

namespace semel {
namespace {

// gRPC calls a plain function, and its own threads may outlive the server: they must not find a log that is gone.
std::mutex mutex;
const ops::Logger* logger = nullptr;

void Write(gpr_log_func_args* said) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (logger == nullptr) return;
  const std::string_view text = said->message;
  // gRPC aborts after that.
  const bool is_last = said->severity == GPR_LOG_SEVERITY_ERROR && text.starts_with("assertion failed");
  logger->Log(is_last ? ops::LogLevel::kError : ops::LogLevel::kDebug, "gRPC",
              {{"text", text}, {"file", said->file}, {"line", said->line}});
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
