#include "client/cpp/backoff.h"

#include <algorithm>

namespace semel {
namespace {

double Nanoseconds(Duration duration) { return static_cast<double>(duration.count()); }

}  // namespace

Backoff::Backoff(const RetryOptions& options, uint64_t seed)
    : options_(options), random_(seed), ceiling_(Nanoseconds(std::min(options.initial_backoff, options.max_backoff))) {}

Duration Backoff::Next(std::optional<Duration> asked_for) {
  const Duration drawn(static_cast<int64_t>(UniformBetween(0.0, ceiling_, random_)));
  ceiling_ = std::min(ceiling_ * options_.multiplier, Nanoseconds(options_.max_backoff));
  return asked_for.value_or(Duration::zero()) + drawn;
}

}  // namespace semel
