#include "storage/rocksdb/expiry_filter.h"

#include <string>
#include <utility>

#include "storage/record_codec.h"

namespace semel::storage {
namespace {

using Decision = rocksdb::CompactionFilter::Decision;

class SettledFilter final : public rocksdb::CompactionFilter {
 public:
  SettledFilter(Time horizon, uint64_t trimmed) : horizon_(horizon), trimmed_(trimmed) {}

  // kRemove leaves a tombstone where older values may lie below; kRemoveAndSkipUntil would uncover them.
  Decision FilterV2(int /*level*/, const rocksdb::Slice& /*key*/, ValueType type, const rocksdb::Slice& value,
                    std::string* new_value, std::string* /*skip_until*/) const override {
    if (type != ValueType::kValue) return Decision::kKeep;
    const std::optional<SettledHeader> header = PeekSettled(value.ToStringView());
    if (!header) return Decision::kKeep;
    const bool droppable = header->key_expire_time <= horizon_ && header->version < trimmed_;
    const bool strippable = header->result_expire_time <= horizon_ && !header->stripped;
    if (!droppable && !strippable) return Decision::kKeep;

    // A damaged value is kept as it is, so that reading it says DATA_LOSS instead of inventing an absent key.
    absl::StatusOr<Record> record = DecodeSettled(value.ToStringView());
    if (!record.ok()) return Decision::kKeep;
    if (droppable) return Decision::kRemove;
    StripOutcome(*record);
    *new_value = EncodeSettled(*record);
    return Decision::kChangeValue;
  }

  const char* Name() const override { return "semel.SettledExpiry"; }

 private:
  const Time horizon_;
  const uint64_t trimmed_;
};

class PayloadFilter final : public rocksdb::CompactionFilter {
 public:
  explicit PayloadFilter(Time horizon) : horizon_(horizon) {}

  // Bodies are in blob files, which are never read for this.
  Decision FilterBlobByKey(int /*level*/, const rocksdb::Slice& key, std::string* /*new_value*/,
                           std::string* /*skip_until*/) const override {
    return Decide(key);
  }
  Decision FilterV2(int /*level*/, const rocksdb::Slice& key, ValueType /*type*/, const rocksdb::Slice& /*value*/,
                    std::string* /*new_value*/, std::string* /*skip_until*/) const override {
    return Decide(key);
  }

  const char* Name() const override { return "semel.PayloadExpiry"; }

 private:
  Decision Decide(const rocksdb::Slice& key) const {
    const std::optional<Time> expire_time = PayloadExpireTime(key.ToStringView());
    return expire_time && *expire_time <= horizon_ ? Decision::kRemove : Decision::kKeep;
  }

  const Time horizon_;
};

class SettledFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit SettledFactory(std::shared_ptr<const ReclaimBounds> bounds) : bounds_(std::move(bounds)) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<SettledFilter>(bounds_->Horizon(), bounds_->trimmed());
  }
  const char* Name() const override { return "semel.SettledExpiryFactory"; }

 private:
  const std::shared_ptr<const ReclaimBounds> bounds_;
};

class PayloadFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit PayloadFactory(std::shared_ptr<const ReclaimBounds> bounds) : bounds_(std::move(bounds)) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<PayloadFilter>(bounds_->Horizon());
  }
  const char* Name() const override { return "semel.PayloadExpiryFactory"; }

 private:
  const std::shared_ptr<const ReclaimBounds> bounds_;
};

}  // namespace

Time ReclaimBounds::Horizon() const {
  const Clock* clock = clock_.load(std::memory_order_acquire);
  return clock == nullptr ? Time::min() : clock->Now() - slack_;
}

std::shared_ptr<rocksdb::CompactionFilterFactory> SettledExpiry(std::shared_ptr<const ReclaimBounds> bounds) {
  return std::make_shared<SettledFactory>(std::move(bounds));
}

std::shared_ptr<rocksdb::CompactionFilterFactory> PayloadExpiry(std::shared_ptr<const ReclaimBounds> bounds) {
  return std::make_shared<PayloadFactory>(std::move(bounds));
}

}  // namespace semel::storage
