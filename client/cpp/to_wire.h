// From requests as plain values to the messages of proto/semel/v1. The only place where requests are translated.

#ifndef SEMEL_CLIENT_CPP_TO_WIRE_H_
#define SEMEL_CLIENT_CPP_TO_WIRE_H_

#include "google/protobuf/duration.pb.h"
#include "semel/options.h"
#include "semel/request.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {

google::protobuf::Duration ToWire(Duration duration);
v1::Result ToWire(const Result& result);
v1::Failure ToWire(const Failure& failure);

// What a request leaves open is taken from the options; an attempt id is drawn.
v1::BeginRequest ToWire(const BeginRequest& request, const ClientOptions& options);
v1::CompleteRequest ToWire(const CompleteRequest& request, const ClientOptions& options);
v1::RenewRequest ToWire(const RenewRequest& request, const ClientOptions& options);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_TO_WIRE_H_
