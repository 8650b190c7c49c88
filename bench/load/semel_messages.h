// Operations as Semel's messages, and its answers as items; the same for unary calls, batches and streams.

#ifndef SEMEL_BENCH_LOAD_SEMEL_MESSAGES_H_
#define SEMEL_BENCH_LOAD_SEMEL_MESSAGES_H_

#include <string>

#include "bench/load/operation.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel::bench {

// What is there already is overwritten field by field: strings keep their memory.
void Write(const Operation& operation, const Item& item, const std::string& ns, semel::v1::BeginRequest& request);
void Write(const Operation& operation, const Item& item, const std::string& ns, semel::v1::CompleteRequest& request);

void Read(const semel::v1::BeginResponse& response, Item& item);
void Read(const semel::v1::CompleteResponse& response, Item& item);
// Of one key; the whole operation has failed then.
void Read(const semel::v1::Error& error, Operation& operation);

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_SEMEL_MESSAGES_H_
