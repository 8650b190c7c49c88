// A conformance transcript as it was read. The language is described in client/scenarios/README.md.

#ifndef SEMEL_TESTS_SCENARIO_SCENARIO_H_
#define SEMEL_TESTS_SCENARIO_SCENARIO_H_

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/time.h"

namespace semel::scenario {

using storage::Duration;

// A word of a line. `quoted` tells "none" the text from none, which says that there is nothing.
struct Value {
  std::string text;
  bool quoted = false;
};

struct Field {
  std::string name;
  Value value;
};
using Fields = std::vector<Field>;

// What must come back: only what is named is compared.
struct Expectation {
  int line = 0;
  std::string kind;  // acquired, done, ..., error
  std::string word;  // of an error: its reason
  Fields fields;
};

struct Item {
  int line = 0;
  std::string key;
  Fields fields;
  std::optional<Expectation> answer;
};

struct Call {
  int line = 0;
  std::string who;
  std::string verb;  // begin, complete, ...
  std::string key;   // "" of a listing
  Fields fields;
  bool batch = false;
  std::vector<Item> items;  // of a batch
  bool waits = false;       // "&": answered later
  bool lost = false;        // "-> lost": the answer never reaches the caller
  std::optional<Expectation> answer;
};

// The answer to a call that waited. Empty `who`: to any of those who wait.
struct Later {
  std::string who;
  Expectation answer;
};

struct Cancel {
  int line = 0;
  std::string who;
};
struct Waiting {
  int line = 0;
  int count = 0;
};
struct Elapse {
  Duration by{};
};
struct StepWallClock {
  Duration by{};
};
enum class ServerAct { kStop, kKill, kStart, kDrain };
struct OnServer {
  ServerAct act{};
};

using Step = std::variant<Call, Later, Cancel, Waiting, Elapse, StepWallClock, OnServer>;

struct Scenario {
  std::string file;
  std::vector<std::pair<std::string, Fields>> namespaces;  // in the order of the file
  Fields server;
  std::vector<Step> steps;
};

// Errors say file:line and what was expected there.
absl::StatusOr<Scenario> Parse(std::string file, absl::string_view text);

std::optional<Duration> ParseDuration(absl::string_view text);  // "31s", "1h30m", "-1us", "0s"
std::string ToText(Duration duration);

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_SCENARIO_H_
