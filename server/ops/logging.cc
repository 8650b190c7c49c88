#include "server/ops/logging.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace semel::ops {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
// What Log hands over is the rest of the object, its closing brace included.
constexpr auto kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// A line stays a line, and a terminal stays unharmed, whatever a caller put into a name.
std::string EscapeControls(std::string_view text) {
  auto is_control = [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); };
  if (std::none_of(text.begin(), text.end(), is_control)) return std::string(text);
  std::string escaped;
  for (char c : text) {
    if (is_control(c)) {
      escaped += absl::CHexEscape(std::string(1, c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string QuoteWhereNeeded(const std::string& text) {
  auto is_plain = [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' && c != '='; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  return '"' + absl::Utf8SafeCEscape(text) + '"';
}

struct AsText {
  std::string operator()(const std::string& text) const { return QuoteWhereNeeded(text); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(auto number) const { return fmt::format("{}", number); }
};

bool IsReserved(std::string_view name) { return name == "time" || name == "level" || name == "message"; }

std::string TextLine(std::string_view message, std::initializer_list<Field> fields, bool with_keys) {
  std::string line = EscapeControls(message);
  for (const Field& field : fields) {
    if (field.is_key && !with_keys) continue;
    line += fmt::format(" {}={}", field.name, std::visit(AsText{}, field.value));
  }
  return line;
}

std::string JsonRest(std::string_view message, std::initializer_list<Field> fields, bool with_keys) {
  Json line = {{"message", message}};
  for (const Field& field : fields) {
    if (field.is_key && !with_keys) continue;
    std::string name = IsReserved(field.name) ? std::string(field.name) + "_" : std::string(field.name);
    std::visit([&](const auto& value) { line[name] = value; }, field.value);
  }
  // Replaced rather than refused: a log line about bad bytes must not fail because of them.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace).substr(1);
}

}  // namespace

Logger::Logger(LogLevel level, LogFormat format, std::shared_ptr<spdlog::logger> out)
    : level_(level), format_(format), out_(std::move(out)) {
  const char* pattern = format == LogFormat::kJson ? kJsonPattern : kTextPattern;
  out_->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  out_->set_level(spdlog::level::trace);  // Enabled() decides
}

void Logger::SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

Logger::Logger(LogLevel level, LogFormat format)
    : Logger(level, format,
             std::make_shared<spdlog::logger>("semeld", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Logger::Logger(LogLevel level, LogFormat format, std::ostream& out)
    : Logger(level, format,
             std::make_shared<spdlog::logger>(
                 "semeld", std::make_shared<spdlog::sinks::ostream_sink_mt>(out, /*force_flush=*/true))) {}

Logger::~Logger() = default;

void Logger::Log(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const {
  if (Enabled(level)) Write(level, message, fields);
}

void Logger::Always(std::string_view message, std::initializer_list<Field> fields) const {
  Write(LogLevel::kInfo, message, fields);
}

void Logger::Write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const {
  bool with_keys = Enabled(LogLevel::kDebug);
  std::string line =
      format_ == LogFormat::kJson ? JsonRest(message, fields, with_keys) : TextLine(message, fields, with_keys);
  // As a value, not as a format: braces in a name are not placeholders.
  out_->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace semel::ops
