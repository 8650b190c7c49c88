#include "server/ops/rocksdb_metrics.h"

#include <cctype>
#include <string>
#include <string_view>

namespace semel::ops {
namespace {

struct Help {
  std::string_view name;
  std::string_view text;
};

constexpr Help kHelps[] = {
    {"rocksdb_level0_files", "Files not yet compacted. Many of them slow reads, then writes."},
};

std::string HelpFor(const std::string& property) {
  for (const Help& help : kHelps) {
    if (help.name == property) return std::string(help.text);
  }
  std::string words = property;
  for (char& c : words) c = c == '_' ? ' ' : c;
  return "The storage's own figure: " + words + ".";
}

}  // namespace

void AddRocksDb(const std::vector<storage::Property>& properties, MetricFamilies& out) {
  for (const storage::Property& property : properties) {
    std::string name = "semel_" + property.name;
    if (property.is_counter && !name.ends_with("_total")) name += "_total";
    if (property.is_counter) {
      out.Counter(name, HelpFor(property.name), property.value);
    } else {
      out.Gauge(name, HelpFor(property.name), property.value);
    }
  }
}

}  // namespace semel::ops
