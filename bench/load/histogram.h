// Latencies in buckets whose width grows with the value: 64 to each power of two, so that no quantile is more than 1.6 % off
// (the idea of HdrHistogram). Recording is two shifts and an increment; about 30 KB.

#ifndef SEMEL_BENCH_LOAD_HISTOGRAM_H_
#define SEMEL_BENCH_LOAD_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace semel::bench {

class Histogram {
 public:
  void Record(uint64_t value) {
    ++counts_[IndexOf(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }

  // The smallest bucket's upper bound that at least `fraction` (0 to 1) of the values do not exceed; 0 without values.
  uint64_t Quantile(double fraction) const {
    auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(UpperBound(i), max_);
    }
    return 0;
  }

 private:
  static constexpr int kSubBucketBits = 6;
  static constexpr uint64_t kSubBuckets = 1 << kSubBucketBits;

  // Values below 2 * kSubBuckets have a bucket each; above, the highest bits select it.
  static size_t IndexOf(uint64_t value) {
    int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBucketBits - 1);
    return static_cast<size_t>(shift) * kSubBuckets + static_cast<size_t>(value >> shift);
  }
  static uint64_t UpperBound(size_t index) {
    if (index < 2 * kSubBuckets) return index;
    int shift = static_cast<int>(index / kSubBuckets) - 1;
    uint64_t highest_bits = index - static_cast<uint64_t>(shift) * kSubBuckets;
    return ((highest_bits + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - kSubBucketBits + 1) * kSubBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_HISTOGRAM_H_
