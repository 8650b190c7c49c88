// Splits a line of a transcript into words: the lexical half of its grammar.

#ifndef SEMEL_TESTS_SCENARIO_WORDS_H_
#define SEMEL_TESTS_SCENARIO_WORDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/scenario/scenario.h"

namespace semel::scenario {

// A word, or NAME=VALUE. `field.name` is empty for a word of its own.
using Words = std::vector<Field>;

// Words are separated by spaces; "..." holds spaces and escapes (\" \\ \n \xHH); bytes(N) is N times the letter x; what
// follows a word that starts with # is a comment.
absl::StatusOr<Words> SplitWords(absl::string_view line);

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_WORDS_H_
