// Walks a YAML document along the schema and notes every problem with its place, instead of stopping at the first.

#ifndef SEMEL_SERVER_OPS_CONFIG_READER_H_
#define SEMEL_SERVER_OPS_CONFIG_READER_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/ops/config.h"
#include "server/ops/settings.h"
#include "yaml-cpp/yaml.h"

namespace semel::ops {

struct Problem {
  int line = 1;    // from 1
  int column = 1;  // from 1
  std::string reason;
};

// One use: Read, then problems().
class ConfigReader {
 public:
  void Read(const YAML::Node& root, Config& config);
  void Add(const YAML::Mark& mark, std::string reason);
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  // Where each key of a section stands, and which of them could not be used.
  struct Section {
    std::map<std::string, YAML::Mark, std::less<>> places;
    std::set<std::string, std::less<>> broken;
  };
  using Visit = std::function<void(const std::string& name, const YAML::Node& key, const YAML::Node& value)>;

  // Visits each key of a map once; tells apart what is no map, no plain key, or there twice.
  void ForEachKey(const YAML::Node& map, const YAML::Mark& where, const std::string& path, const Visit& visit);

  // Reads what the schema knows below `prefix` ("", or "limits.") out of a map, and what it does not know is a problem,
  // unless `other` takes it. `path` is what stands before the schema's names in messages ("namespaces.orders.").
  template <class Target>
  void ReadMap(const YAML::Node& map, const YAML::Mark& where, const Schema<Target>& schema, const std::string& path,
               const std::string& prefix, Target& target, Section& section, const Visit& other);

  template <class Target>
  void ReadValue(const YAML::Node& key, const YAML::Node& value, const Setting<Target>& setting,
                 const std::string& path, Target& target, Section& section);

  // Rules between keys that are right in themselves, where this section sets at least one of the two: what it only
  // inherits was judged where it was set.
  template <class Target>
  void Check(const Schema<Target>& schema, const std::string& path, const Target& target, const Section& section);

  void ReadNamespaces(const YAML::Node& map, const YAML::Mark& where, const Section& defaults, Config& config);

  std::vector<Problem> problems_;
};

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_CONFIG_READER_H_
