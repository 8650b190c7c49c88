// Reads the text of /metrics as strictly as Prometheus' grammar is written; each line that does not fit is a failure of the test.

#ifndef SEMEL_TESTS_OPS_STRICT_SCRAPE_H_
#define SEMEL_TESTS_OPS_STRICT_SCRAPE_H_

#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace semel::ops {

class StrictScrape {
 public:
  explicit StrictScrape(const std::string& text) {
    static const std::regex kHelp(R"(# HELP ([a-z_][a-z0-9_]*) (.+))");
    static const std::regex kType(R"(# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram))");
    static const std::regex kSample(
        R"re(([a-z_][a-z0-9_]*)(\{([a-z_]+="[^"\n]*",?)*\})? (-?[0-9.]+(e[+-][0-9]+)?|\+Inf))re");
    std::istringstream in(text);
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
      if (std::regex_match(line, match, kHelp)) {
        EXPECT_TRUE(help.emplace(match[1], match[2]).second) << "twice: " << line;
      } else if (std::regex_match(line, match, kType)) {
        EXPECT_TRUE(type.emplace(match[1], match[2]).second) << "twice: " << line;
        family_ = match[1];
      } else if (std::regex_match(line, match, kSample)) {
        EXPECT_TRUE(match[1].str().starts_with(family_)) << "outside its family: " << line;
        EXPECT_TRUE(samples.emplace(match[1].str() + match[2].str(), std::stod(match[4])).second) << "twice: " << line;
      } else {
        ADD_FAILURE() << "not Prometheus text: " << line;
      }
    }
  }

  double Of(const std::string& series) const {
    auto sample = samples.find(series);
    if (sample != samples.end()) return sample->second;
    ADD_FAILURE() << "no sample " << series;
    return -1;
  }

  std::map<std::string, std::string> help, type;
  std::map<std::string, double> samples;

 private:
  std::string family_;
};

}  // namespace semel::ops

#endif  // SEMEL_TESTS_OPS_STRICT_SCRAPE_H_
