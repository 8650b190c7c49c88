// Which kinds of answers a simulation heard, so that it is noticed when it no longer goes everywhere.

#ifndef SEMEL_TESTS_SIMULATION_COVERAGE_H_
#define SEMEL_TESTS_SIMULATION_COVERAGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/engine/reply.h"

namespace semel::simulation {

class Coverage {
 public:
  void Note(const engine::Reply& reply);
  void Add(const Coverage& other);

  std::vector<std::string> Missing() const;  // kinds that every long run should hear
  std::string Tell() const;                  // how often each was heard

 private:
  std::map<std::string, int64_t> heard_;
};

}  // namespace semel::simulation

#endif  // SEMEL_TESTS_SIMULATION_COVERAGE_H_
