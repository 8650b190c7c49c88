#include "client/cpp/check_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>

#include <set>
#include <string>

#include "semel/v1/admin_service.pb.h"
#include "semel/v1/idempotency_service.pb.h"

namespace semel {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::ServiceDescriptor;

void CollectMaps(const Descriptor& message, std::set<std::string>& seen, std::set<std::string>& maps) {
  if (!seen.insert(message.full_name()).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.is_map()) {
      maps.insert(field.full_name());
    } else if (field.message_type() != nullptr) {
      CollectMaps(*field.message_type(), seen, maps);
    }
  }
}

// Maps are read by their accessors, one by one: a new one in a request needs a line in CheckText.
TEST(CheckTextTest, KnowsEveryMapOfARequest) {
  std::set<std::string> seen;
  std::set<std::string> maps;
  for (const auto* file : {v1::BeginRequest::descriptor()->file(), v1::ListKeysRequest::descriptor()->file()}) {
    const ServiceDescriptor& service = *file->service(0);
    for (int i = 0; i < service.method_count(); ++i) CollectMaps(*service.method(i)->input_type(), seen, maps);
  }
  EXPECT_THAT(maps, testing::ElementsAre("semel.v1.Result.attributes"));
}

TEST(CheckTextTest, NamesTheMapWhoseEntryIsNoText) {
  v1::CompleteRequest request;
  (*request.mutable_result()->mutable_attributes())["\xff"] = "value";
  const absl::Status status = CheckText(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("result.attributes"));
}

}  // namespace
}  // namespace semel
