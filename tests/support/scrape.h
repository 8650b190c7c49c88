// Reads the text of /metrics.
//
//   Scrape scrape(semeld.Get("/metrics").body);
//   scrape["semel_calls_total{method=\"Begin\",code=\"OK\"}"]

#ifndef SEMEL_TESTS_SUPPORT_SCRAPE_H_
#define SEMEL_TESTS_SUPPORT_SCRAPE_H_

#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace semel::support {

class Scrape {
 public:
  explicit Scrape(const std::string& text) {
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      const size_t space = line.rfind(' ');
      double value = 0;
      if (line.front() == '#' || space == line.npos || !absl::SimpleAtod(line.substr(space + 1), &value)) continue;
      values_[std::string(line.substr(0, space))] = value;
    }
  }

  // NaN, which equals nothing, where there is no such series.
  double operator[](const std::string& series) const {
    auto found = values_.find(series);
    return found == values_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::map<std::string, double> values_;
};

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_SCRAPE_H_
