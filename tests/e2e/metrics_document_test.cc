// docs/metrics.md names what the real server tells: every metric, its type and its labels, and nothing else.

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/certificates.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

// Metrics that are told only where the server serves TLS stand below this heading.
constexpr char kOnlyWithTls[] = "## Only with TLS";

struct Metric {
  std::string type;
  std::set<std::string> labels;
  std::string unit;  // as documented; a scrape does not tell
};
using Metrics = std::map<std::string, Metric>;

// So that a difference says where it is.
std::string Describe(const Metrics& metrics) {
  std::string text;
  for (const auto& [name, metric] : metrics) {
    absl::StrAppend(&text, name, " ", metric.type, " {", absl::StrJoin(metric.labels, ","), "}\n");
  }
  return text;
}

std::string Plain(absl::string_view cell) { return absl::StrReplaceAll(absl::StripAsciiWhitespace(cell), {{"`", ""}}); }

// The rows of the tables: | name | type | labels | unit | meaning |
Metrics Documented(bool only_with_tls) {
  Metrics metrics;
  std::ifstream document(SEMEL_SOURCE_DIR "/docs/metrics.md");
  EXPECT_TRUE(document.is_open());
  bool below_tls = false;
  for (std::string line; std::getline(document, line);) {
    if (absl::StartsWith(line, "## ")) below_tls = line == kOnlyWithTls;
    if (!absl::StartsWith(line, "| `semel_") || below_tls != only_with_tls) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    EXPECT_EQ(cells.size(), 7u) << line;
    if (cells.size() != 7) continue;
    Metric metric{.type = Plain(cells[2]), .labels = {}, .unit = Plain(cells[4])};
    metric.labels = absl::StrSplit(Plain(cells[3]), ", ", absl::SkipEmpty());
    EXPECT_FALSE(Plain(cells[5]).empty()) << line;
    EXPECT_TRUE(metrics.emplace(Plain(cells[1]), metric).second) << "twice: " << line;
  }
  return metrics;
}

Metrics Told(const std::string& text) {
  Metrics metrics;
  Metric* family = nullptr;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, "# TYPE ")) {
      const std::pair<std::string, std::string> type = absl::StrSplit(line, ' ');
      family = &(metrics[type.first] = {.type = type.second, .labels = {}, .unit = {}});
    }
    const size_t open = line.find('{'), close = line.rfind('}');
    if (line.front() == '#' || family == nullptr || open == line.npos) continue;
    for (absl::string_view label : absl::StrSplit(line.substr(open + 1, close - open - 1), "\",")) {
      const std::string name(label.substr(0, label.find('=')));
      if (name != "le") family->labels.insert(name);
    }
  }
  return metrics;
}

TEST(MetricsDocumentTest, NamesWhatIsTold) {
  const support::TemporaryDirectory directory;
  support::Semeld semeld(directory);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  EXPECT_EQ(Describe(Documented(false)), Describe(Told(semeld.Get("/metrics").body)));
}

TEST(MetricsDocumentTest, NamesWhatIsToldWithTlsToo) {
  const support::TemporaryDirectory directory;
  support::Certificates pem(directory);
  pem.MakeAuthority("ca");
  pem.Make("server", {.authority = "ca"});
  support::Semeld semeld(directory, {.config = absl::StrCat("tls: {certificate: ", pem.File("server.pem"),
                                                            ", private_key: ", pem.File("server.key"), "}\n")});
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  Metrics all = Documented(false);
  all.merge(Documented(true));
  EXPECT_EQ(Describe(all), Describe(Told(semeld.Get("/metrics").body)));
}

TEST(MetricsDocumentTest, UnitsAreThoseOfTheNames) {
  Metrics all = Documented(false);
  all.merge(Documented(true));
  EXPECT_GE(all.size(), 60u);
  for (const auto& [name, metric] : all) {
    EXPECT_EQ(absl::StrContains(name, "_seconds"), absl::StartsWith(metric.unit, "seconds")) << name;
    EXPECT_EQ(absl::StrContains(name, "_bytes"), absl::StartsWith(metric.unit, "bytes")) << name;
    EXPECT_EQ(absl::StrContains(name, "_timestamp_"),
              name != "semel_start_time_seconds" && metric.unit == "seconds since 1970")
        << name;
  }
}

}  // namespace
}  // namespace semel::e2e
