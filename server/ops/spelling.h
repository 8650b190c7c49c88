// Which known word was meant by an unknown one.

#ifndef SEMEL_SERVER_OPS_SPELLING_H_
#define SEMEL_SERVER_OPS_SPELLING_H_

#include <string>
#include <string_view>
#include <vector>

namespace semel::ops {

// The candidate nearest to `word`, or "" when none is near. Case, '-' and '_' do not count; two letters that changed
// places count as one mistake.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace semel::ops

#endif  // SEMEL_SERVER_OPS_SPELLING_H_
