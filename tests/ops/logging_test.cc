#include "server/ops/logging.h"

#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/ops/audit_log.h"

namespace semel::ops {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::vector<std::string> Lines(const std::ostringstream& out) {
  std::istringstream in(out.str());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(JsonLog, FieldsKeepTheirTypes) {
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kJson, out);
  log.Log(LogLevel::kInfo, "serving",
          {{"listen", "0.0.0.0:7420"}, {"keys", size_t{12}}, {"offset", -3}, {"seconds", 0.5}, {"ready", true}});
  ASSERT_EQ(Lines(out).size(), 1u);
  json line = json::parse(Lines(out)[0]);
  EXPECT_THAT(line["time"].get<std::string>(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "serving");
  EXPECT_EQ(line["listen"], "0.0.0.0:7420");
  EXPECT_EQ(line["keys"], 12);
  EXPECT_EQ(line["offset"], -3);
  EXPECT_EQ(line["seconds"], 0.5);
  EXPECT_EQ(line["ready"], true);
}

TEST(JsonLog, LevelsHaveTheNamesOfTheConfiguration) {
  std::ostringstream out;
  Logger log(LogLevel::kDebug, LogFormat::kJson, out);
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) log.Log(level, "m");
  std::vector<std::string> levels;
  for (const std::string& line : Lines(out)) levels.push_back(json::parse(line)["level"]);
  EXPECT_THAT(levels, testing::ElementsAre("debug", "info", "warning", "error"));
}

TEST(JsonLog, AnythingStaysOneValidLine) {
  std::string all_bytes;
  for (int c = 0; c < 256; ++c) all_bytes += static_cast<char>(c);
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kJson, out);
  log.Log(LogLevel::kInfo, "quote \" brace {} %v \n" + all_bytes,
          {{"a", all_bytes}, {"b", ""}, {"c", std::numeric_limits<double>::quiet_NaN()}, {"%v {}", "x"}});
  ASSERT_EQ(Lines(out).size(), 1u);
  json line = json::parse(Lines(out)[0]);
  EXPECT_THAT(line["message"].get<std::string>(), HasSubstr("quote \" brace {} %v \n"));
  EXPECT_EQ(line["%v {}"], "x");
}

TEST(JsonLog, FieldsDoNotHideWhatEveryLineHas) {
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kJson, out);
  log.Log(LogLevel::kInfo, "m", {{"message", "mine"}, {"level", "mine"}, {"time", "mine"}});
  json line = json::parse(Lines(out)[0]);
  EXPECT_EQ(line["message"], "m");
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message_"], "mine");
  EXPECT_EQ(line["level_"], "mine");
  EXPECT_EQ(line["time_"], "mine");
}

TEST(TextLog, IsForPeople) {
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kText, out);
  log.Log(LogLevel::kWarning, "commit was slow",
          {{"path", "/a b"}, {"plain", "x:1"}, {"empty", ""}, {"count", 3}, {"ok", false}});
  EXPECT_THAT(out.str(), MatchesRegex("[0-9T:.-]+Z warning commit was slow path=\"/a b\" plain=x:1 empty=\"\" count=3 "
                                      "ok=false\n"));
}

TEST(TextLog, ControlCharactersMakeNoSecondLine) {
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kText, out);
  log.Log(LogLevel::kInfo, "a\nb\x1b[1m", {{"field", "c\nd"}, {"quoted", "say \"x\""}});
  ASSERT_EQ(Lines(out).size(), 1u);
  EXPECT_THAT(out.str(), HasSubstr(R"(a\nb\x1b[1m field="c\nd" quoted="say \"x\"")"));
}

TEST(Log, LevelIsTheLeastThatIsWritten) {
  std::ostringstream out;
  Logger log(LogLevel::kWarning, LogFormat::kText, out);
  EXPECT_FALSE(log.Enabled(LogLevel::kInfo));
  EXPECT_TRUE(log.Enabled(LogLevel::kWarning));
  log.Log(LogLevel::kDebug, "no");
  log.Log(LogLevel::kInfo, "no");
  log.Log(LogLevel::kWarning, "yes");
  log.Log(LogLevel::kError, "yes");
  EXPECT_EQ(Lines(out).size(), 2u);
  EXPECT_THAT(out.str(), Not(HasSubstr("no")));
}

TEST(Log, KeysAreWrittenAtDebugOnly) {
  for (LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    for (LogLevel level : {LogLevel::kInfo, LogLevel::kDebug}) {
      std::ostringstream out;
      Logger log(level, format, out);
      log.Log(LogLevel::kError, "m", {Field::Key("key", "order-4711"), {"other", "there"}});
      EXPECT_THAT(out.str(), HasSubstr("there"));
      if (level == LogLevel::kDebug) {
        EXPECT_THAT(out.str(), HasSubstr("order-4711"));
      } else {
        EXPECT_THAT(out.str(), Not(HasSubstr("order-4711")));
      }
    }
  }
}

TEST(Log, LinesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4, kLines = 200;
  std::ostringstream out;
  Logger log(LogLevel::kInfo, LogFormat::kJson, out);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kLines; ++i) log.Log(LogLevel::kInfo, "m", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> lines = Lines(out);
  EXPECT_EQ(lines.size(), static_cast<size_t>(kThreads * kLines));
  for (const std::string& line : lines) EXPECT_TRUE(json::accept(line)) << line;
}

TEST(AuditLog, OneLineWhateverTheLevelAndTheBytes) {
  const rpc::AuditEntry entry{.call = "DeleteKey",
                              .ns = "shop",
                              .key = "order-1",
                              .actor = "ana\xff\n",
                              .peer = "ipv4:10.0.0.7:51234",
                              .reason = "two\nlines \x1b[31m \"quoted\" {} =",
                              .outcome = "OK",
                              .details = "was DONE"};
  std::ostringstream as_json;
  Logger json_log(LogLevel::kError, LogFormat::kJson, as_json);
  WriteAudit(entry, json_log);
  ASSERT_EQ(Lines(as_json).size(), 1u);
  const json line = json::parse(Lines(as_json)[0]);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "audit");
  EXPECT_EQ(line["key"], "order-1") << "without it the line would be of no use";
  EXPECT_EQ(line["reason"], entry.reason);
  EXPECT_EQ(line["actor"], "ana\xef\xbf\xbd\n") << "a byte that is no UTF-8 is replaced";

  std::ostringstream as_text;
  Logger text_log(LogLevel::kError, LogFormat::kText, as_text);
  WriteAudit(entry, text_log);
  ASSERT_EQ(Lines(as_text).size(), 1u);
  EXPECT_THAT(Lines(as_text)[0], HasSubstr("audit call=DeleteKey namespace=shop key=order-1 actor="));
  EXPECT_THAT(Lines(as_text)[0], HasSubstr("outcome=OK details=\"was DONE\""));
}

}  // namespace
}  // namespace semel::ops
