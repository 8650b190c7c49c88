#include "client/cpp/check_text.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"
#include "client/cpp/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "semel/v1/record.pb.h"

namespace semel {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMostShown = 40;

FieldViolation NotText(const std::string& field, const std::string& bytes) {
  return {field, absl::StrCat("has to be UTF-8; came \"", absl::CHexEscape(bytes.substr(0, kMostShown)),
                              bytes.size() > kMostShown ? "..." : "", "\"")};
}

// `path` names the message in violations. The entries of a map go by the name of the map.
void Check(const Message& message, const std::string& path, std::vector<FieldViolation>& violations) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(path, path.empty() ? "" : ".", std::string(field->name()));
    // Not by reflection: protobuf 3.21 lays maps out otherwise where its headers are compiled with ThreadSanitizer.
    if (field->is_map()) {
      if (const auto* result = dynamic_cast<const v1::Result*>(&message)) {
        for (const auto& [key, value] : result->attributes()) {
          if (!IsUtf8(key)) violations.push_back(NotText(name, key));
          if (!IsUtf8(value)) violations.push_back(NotText(name, value));
        }
      }
      continue;
    }
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Check(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                   : reflection.GetMessage(message, field),
              name, violations);
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        const std::string text = field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                                      : reflection.GetString(message, field);
        if (!IsUtf8(text)) violations.push_back(NotText(name, text));
      }
    }
  }
}

}  // namespace

absl::Status CheckText(const Message& request) {
  std::vector<FieldViolation> violations;
  Check(request, "", violations);
  return violations.empty() ? absl::OkStatus() : LocalFieldError(violations);
}

}  // namespace semel
