// Structured logs on stderr: one line per event, as text or as JSON.
//
//   Logger log(LogLevel::kInfo, LogFormat::kJson);
//   log.Log(LogLevel::kInfo, "serving", {{"listen", "0.0.0.0:7420"}, {"open_keys", 12}});
//   -> {"time":"2024-05-01T12:00:00.123Z","level":"info","message":"serving","listen":"0.0.0.0:7420","open_keys":12}
//
// Idempotency keys may name customers and orders: pass them with Field::Key, and they are written only where an operator
// asked for the debug level.

#ifndef SEMEL_SERVER_OPS_LOGGING_H_
#define SEMEL_SERVER_OPS_LOGGING_H_

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace spdlog {
class logger;
}

namespace semel::ops {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct Field {
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool>;

  Field(std::string_view name, std::string_view text) : name(name), value(std::string(text)) {}
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, bool flag) : name(name), value(flag) {}
  Field(std::string_view name, std::floating_point auto number) : name(name), value(static_cast<double>(number)) {}
  Field(std::string_view name, std::signed_integral auto number) : name(name), value(static_cast<int64_t>(number)) {}
  Field(std::string_view name, std::unsigned_integral auto number) : name(name), value(static_cast<uint64_t>(number)) {}

  // An idempotency key.
  static Field Key(std::string_view name, std::string_view key) {
    Field field(name, key);
    field.is_key = true;
    return field;
  }

  std::string_view name;  // "time", "level" and "message" are taken
  Value value;
  bool is_key = false;
};

// Thread-safe: lines of several threads do not mix.
class Logger {
 public:
  Logger(LogLevel level, LogFormat format);                     // to stderr
  Logger(LogLevel level, LogFormat format, std::ostream& out);  // `out` must outlive the logger
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void SetLevel(LogLevel level);
  void Log(LogLevel level, std::string_view message, std::initializer_list<Field> fields = {}) const;
  // As info, whatever the level: what must never be missing.
  void Always(std::string_view message, std::initializer_list<Field> fields) const;

 private:
  void Write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const;
  Logger(LogLevel level, LogFormat format, std::shared_ptr<spdlog::logger> out);

  std::atomic<LogLevel> level_;
  const LogFormat format_;
  const std::shared_ptr<spdlog::logger> out_;
};

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_LOGGING_H_
