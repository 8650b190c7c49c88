#include "server/grpc_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

namespace semel {
namespace {

// gRPC calls a plain function, and its own threads may outlive the server: they must not find a log that is gone.
std::mutex mutex;
const ops::Logger* logger = nullptr;

// Who has no TLS certificate, or a wrong one, tries again and again.
constexpr auto kTellInterval = std::chrono::seconds(10);
std::optional<std::chrono::steady_clock::time_point> told;  // guarded by mutex, as is untold
int64_t untold = 0;

// "Handshake failed with fatal error SSL_ERROR_SSL: error:0A0000C7:SSL routines::peer did not return a certificate."
constexpr std::string_view kHandshakeFailed = "Handshake failed with fatal error ";

// gRPC tells of it nowhere else, and not who it was.
void TellHandshake(std::string_view text) {
  const auto now = std::chrono::steady_clock::now();
  if (told && now - *told < kTellInterval) {
    ++untold;
    return;
  }
  const size_t reason = text.rfind("::");
  logger->Log(ops::LogLevel::kWarning, "a client was turned away, TLS was not agreed on",
              {{"reason", reason == text.npos ? text : text.substr(reason + 2)}, {"others_since_last_told", untold}});
  told = now;
  untold = 0;
}

ops::LogLevel LevelOf(const gpr_log_func_args& said) {
  const std::string_view text = said.message;
  return text.starts_with("assertion failed") || text.starts_with("UNREACHABLE") ? ops::LogLevel::kError
                                                                                 : ops::LogLevel::kDebug;
}

void Write(gpr_log_func_args* said) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (logger == nullptr) return;
  if (const std::string_view text = said->message; text.starts_with(kHandshakeFailed)) TellHandshake(text);
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
