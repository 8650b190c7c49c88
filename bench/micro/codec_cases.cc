// storage/: values and keys to bytes and back.

#include "bench/micro/case.h"
#include "bench/micro/samples.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"

namespace semel::bench {
namespace {

using storage::Key;
using storage::Record;

Case EncodeSettledCase(const char* name, size_t payload_bytes) {
  return {.name = name, .prepare = [payload_bytes] {
            return [record = DoneRecord(payload_bytes)] { Keep(storage::EncodeSettled(record)); };
          }};
}

Case DecodeSettledCase(const char* name, size_t payload_bytes) {
  return {.name = name, .prepare = [payload_bytes] {
            const Record record = DoneRecord(payload_bytes);
            const std::string encoded = storage::EncodeSettled(record);
            Expect(storage::DecodeSettled(encoded).value() == record, "what was encoded is decoded");
            return [encoded] { Keep(storage::DecodeSettled(encoded)); };
          }};
}

Step DecodeOpenStep() {
  const std::string encoded = storage::EncodeOpen(SampleKey(), OpenRecord());
  Expect(storage::DecodeOpen(encoded).value().first == SampleKey(), "what was encoded is decoded");
  return [encoded] { Keep(storage::DecodeOpen(encoded)); };
}

Step DecodeKeyStep() {
  const std::string encoded = storage::EncodeKey(SampleKey());
  Expect(storage::DecodeKey(encoded).value() == SampleKey(), "what was encoded is decoded");
  return [encoded] { Keep(storage::DecodeKey(encoded)); };
}

Step PeekSettledStep() {
  const std::string encoded = storage::EncodeSettled(DoneRecord());
  Expect(storage::PeekSettled(encoded).has_value(), "the header is read");
  return [encoded] { Keep(storage::PeekSettled(encoded)); };
}

}  // namespace

void AddCodecCases(Cases& cases) {
  cases.push_back(
      {.name = "codec/encode/key", .prepare = [] { return [key = SampleKey()] { Keep(storage::EncodeKey(key)); }; }});
  cases.push_back({.name = "codec/decode/key", .prepare = DecodeKeyStep});
  cases.push_back({.name = "codec/encode/open", .prepare = [] {
                     return [key = SampleKey(), record = OpenRecord()] { Keep(storage::EncodeOpen(key, record)); };
                   }});
  cases.push_back({.name = "codec/decode/open", .prepare = DecodeOpenStep});
  cases.push_back(EncodeSettledCase("codec/encode/settled_200B", 200));
  cases.push_back(DecodeSettledCase("codec/decode/settled_200B", 200));
  cases.push_back(EncodeSettledCase("codec/encode/settled_4KB", 4096));
  cases.push_back(DecodeSettledCase("codec/decode/settled_4KB", 4096));
  cases.push_back({.name = "codec/peek/settled", .prepare = PeekSettledStep});
}

}  // namespace semel::bench
