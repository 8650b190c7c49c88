#include "server/rpc/wire_time.h"

namespace semel::rpc {
namespace {

// From google/protobuf/duration.proto.
constexpr int64_t kMaxSeconds = 315'576'000'000;
constexpr int32_t kMaxNanos = 999'999'999;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int32_t kNanosPerMicro = 1'000;

}  // namespace

std::optional<engine::Duration> FromWire(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (seconds < -kMaxSeconds || seconds > kMaxSeconds || nanos < -kMaxNanos || nanos > kMaxNanos) return std::nullopt;
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) return std::nullopt;
  const int32_t micros = nanos > 0 ? (nanos + kNanosPerMicro - 1) / kNanosPerMicro : nanos / kNanosPerMicro;
  // A negative length of less than a microsecond must not become zero.
  if (seconds == 0 && nanos < 0 && micros == 0) return engine::Duration(-1);
  return engine::Duration(seconds * kMicrosPerSecond + micros);
}

void ToWire(engine::Duration duration, google::protobuf::Duration* wire) {
  wire->set_seconds(duration.count() / kMicrosPerSecond);
  wire->set_nanos(static_cast<int32_t>(duration.count() % kMicrosPerSecond) * kNanosPerMicro);
}

void ToWire(engine::Time time, google::protobuf::Timestamp* wire) {
  const int64_t micros = storage::Micros(time);
  wire->set_seconds(micros / kMicrosPerSecond);
  wire->set_nanos(static_cast<int32_t>(micros % kMicrosPerSecond) * kNanosPerMicro);
}

}  // namespace semel::rpc
