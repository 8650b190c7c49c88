// What came back, in the words of a transcript, and whether it is what the transcript expects.

#ifndef SEMEL_TESTS_SCENARIO_ANSWER_H_
#define SEMEL_TESTS_SCENARIO_ANSWER_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "storage/time.h"
#include "tests/scenario/scenario.h"

namespace semel::scenario {

using storage::Time;

struct Token {
  int64_t value = 0;
  friend bool operator==(const Token&, const Token&) = default;
};
// Of a listing: what fetches its next page.
struct PageToken {
  std::string value;
  friend bool operator==(const PageToken&, const PageToken&) = default;
};
struct Nothing {
  friend bool operator==(const Nothing&, const Nothing&) = default;
};
// Text also carries numbers, yes and no, and names of states: everything that is compared letter by letter.
using Fact = std::variant<Nothing, std::string, Token, PageToken, Duration, Time>;

struct Answer {
  std::string kind;                                 // acquired, ..., error
  std::string word;                                 // of an error: its reason
  std::vector<std::pair<std::string, Fact>> facts;  // every name that this kind has, Nothing where it is absent
};

// What the names of a transcript stand for: T1 a token, P1 a page token, C1 an instant.
struct Names {
  std::map<std::string, int64_t> tokens;
  std::map<std::string, std::string> pages;
  std::map<std::string, Time> instants;
};

// nullopt: as expected, and the names that appeared for the first time now stand for something. Else what differs.
std::optional<std::string> Mismatch(const Expectation& expected, const Answer& got, Names& names);

std::string ToText(const Expectation& expectation);
std::string ToText(const Answer& answer, const Names& names);

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_ANSWER_H_
