// Between the words of a transcript and the messages of semel.v1.

#ifndef SEMEL_TESTS_SCENARIO_WIRE_H_
#define SEMEL_TESTS_SCENARIO_WIRE_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "semel/v1/admin_service.pb.h"
#include "semel/v1/idempotency_service.pb.h"
#include "tests/scenario/answer.h"
#include "tests/scenario/scenario.h"

namespace semel::scenario {

// What a request says where the transcript says nothing.
struct Speaker {
  std::string who;         // owner of a Begin
  std::string ns;          // the transcript's first namespace
  std::string attempt_id;  // fresh for every Begin
};

// Fills the message. An error: the transcript names a field that the call does not have, or a value that is not one.
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::BeginRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::CompleteRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::LookupRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::RenewRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::ReleaseRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::CheckpointRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::ResolveKeyRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::DeleteKeyRequest& request);
absl::Status Fill(const std::string& key, const Fields& fields, const Speaker& speaker, const Names& names,
                  v1::ListKeysRequest& request);

Answer ToAnswer(const v1::BeginResponse& response);
Answer ToAnswer(const v1::CompleteResponse& response);
Answer ToAnswer(const v1::LookupResponse& response);
Answer ToAnswer(const v1::RenewResponse& response);
Answer ToAnswer(const v1::ReleaseResponse& response);
Answer ToAnswer(const v1::CheckpointResponse& response);
Answer ToAnswer(const v1::ResolveKeyResponse& response);
Answer ToAnswer(const v1::DeleteKeyResponse& response);
Answer ToAnswer(const v1::ListKeysResponse& response);

Answer ToAnswer(const v1::SessionResponse::Answer& answer);
Answer ToAnswer(const v1::Error& error);      // of an item
Answer ToAnswer(const grpc::Status& status);  // of a call; checks the details that every error carries

}  // namespace semel::scenario

#endif  // SEMEL_TESTS_SCENARIO_WIRE_H_
