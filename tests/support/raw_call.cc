#include "tests/support/raw_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <vector>

#include "tests/support/patience.h"

namespace semel::support {
namespace {

// Waits for the step that is under way. False: it failed, the status says why.
bool Await(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(kPatience));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const grpc::Slice slice(bytes);
  grpc::ByteBuffer answer;
  RawAnswer raw;
  call->StartCall(nullptr);
  Await(queue);
  call->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
  Await(queue);
  call->Read(&answer, nullptr);
  if (Await(queue)) raw.bytes = ToString(answer);
  call->Finish(&raw.status, nullptr);
  Await(queue);
  return raw;
}

}  // namespace semel::support
