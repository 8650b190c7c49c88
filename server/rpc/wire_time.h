// Durations and timestamps between protobuf and the server's own.

#ifndef SEMEL_SERVER_RPC_WIRE_TIME_H_
#define SEMEL_SERVER_RPC_WIRE_TIME_H_

#include <optional>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/engine/limits.h"

namespace semel::rpc {

// Rounded up to the next microsecond, so that what is positive stays positive. nullopt: not a valid protobuf Duration
// (nanos out of range or of another sign than seconds, or beyond +-10,000 years).
std::optional<engine::Duration> FromWire(const google::protobuf::Duration& duration);

void ToWire(engine::Duration duration, google::protobuf::Duration* wire);
void ToWire(engine::Time time, google::protobuf::Timestamp* wire);

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_WIRE_TIME_H_
