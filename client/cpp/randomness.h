// Random numbers: unguessable ones for attempt ids, cheap ones for jitter.

#ifndef SEMEL_CLIENT_CPP_RANDOMNESS_H_
#define SEMEL_CLIENT_CPP_RANDOMNESS_H_

#include <cstdint>
#include <random>

namespace semel {

// Never the same in two processes, so that clients which were cut off together do not come back together.
uint64_t RandomSeed();

using JitterSource = std::mt19937_64;

inline double UniformBetween(double low, double high, JitterSource& source) {
  return std::uniform_real_distribution<double>(low, high)(source);
}

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_RANDOMNESS_H_
