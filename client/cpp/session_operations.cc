#include "client/cpp/session_operations.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/io/coded_stream.h"

namespace semel {
namespace {

using google::protobuf::io::CodedOutputStream;

// Larger pieces of memory are given back.
constexpr size_t kKeptOperationBytes = 4096;
constexpr size_t kKeptMessageBytes = size_t{1} << 20;

// That nobody waits any longer is told as a courtesy: the server has their timeouts. Of more at once than this nothing is said.
constexpr int kMaxCancelled = 4096;

uint64_t IdOf(uint32_t generation, size_t slot) { return (uint64_t{generation} << 32) | slot; }

bool Waits(const SessionOperations::Operation& operation) {
  if (!operation.has_begin()) return false;
  const auto& wait = operation.begin().wait();
  return wait.seconds() > 0 || wait.nanos() > 0;
}

void ClearKeeping(size_t bytes, std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > bytes) buffer.shrink_to_fit();
}

// As an element of SessionRequest.operations.
void Encode(const SessionOperations::Operation& operation, std::string& bytes) {
  constexpr uint8_t kTag = (v1::SessionRequest::kOperationsFieldNumber << 3) | 2;  // 2: what has a length
  const size_t size = operation.ByteSizeLong();
  const size_t header = 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(size));
  bytes.resize(header + size);
  auto* position = reinterpret_cast<uint8_t*>(bytes.data());
  *position++ = kTag;
  position = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), position);
  operation.SerializeWithCachedSizesToArray(position);
}

}  // namespace

void SessionOperations::SetLimits(const v1::SessionLimits& limits) {
  max_operations_ = static_cast<size_t>(std::max(limits.max_operations(), 1));
  max_unanswered_ = static_cast<size_t>(std::max(limits.max_unanswered(), 2));
}

bool SessionOperations::HasRoomFor(const Operation& operation) const {
  if (unsent_ + unanswered_ >= max_unanswered_) return false;
  return !Waits(operation) || patient_.size() + waiting_ < max_waiting();
}

uint64_t SessionOperations::Add(Operation& operation, Done done) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  const uint64_t id = IdOf(++slot.generation, index);
  operation.set_id(id);
  Encode(operation, slot.encoded);
  slot.state = State::kUnsent;
  slot.waits = Waits(operation);
  slot.done = std::move(done);
  (slot.waits ? patient_ : prompt_).push_back(id);
  ++unsent_;
  return id;
}

SessionOperations::Cancelled SessionOperations::Cancel(uint64_t id) {
  Slot* slot = Find(id);
  if (slot == nullptr || slot->state == State::kAbandoned) return Cancelled::kTooLate;
  slot->done = nullptr;
  if (slot->state == State::kUnsent) {
    --unsent_;
    Free(*slot);
    return Cancelled::kUnsent;
  }
  slot->state = State::kAbandoned;
  if (cancelled_.cancelled_size() < kMaxCancelled) cancelled_.add_cancelled(id);
  return Cancelled::kSent;
}

// The encoding of a repeated field is that of its elements one after the other, so what was encoded when it came is put together
// here as it is (protobuf.dev, "Encoding": concatenated messages merge).
bool SessionOperations::TakeMessage(grpc::ByteBuffer& message) {
  in_message_ = 0;
  const bool cancels = cancelled_.cancelled_size() > 0;
  if (cancels) {
    cancelled_.AppendToString(&message_);
    cancelled_.Clear();
  }
  AppendFrom(prompt_, max_unanswered_, unanswered_);
  AppendFrom(patient_, max_waiting(), waiting_);
  if (in_message_ == 0 && !cancels) return false;
  ++messages_sent_;
  operations_sent_ += in_message_;
  const grpc::Slice slice(message_.data(), message_.size());
  message = grpc::ByteBuffer(&slice, 1);
  ClearKeeping(kKeptMessageBytes, message_);
  return true;
}

void SessionOperations::AppendFrom(std::deque<uint64_t>& queue, size_t max_of_queue, size_t& of_queue) {
  for (; !queue.empty(); queue.pop_front()) {
    Slot* slot = Find(queue.front());
    if (slot == nullptr) continue;  // cancelled
    if (in_message_ >= max_operations_ || unanswered_ >= max_unanswered_ || of_queue >= max_of_queue) return;
    if (!message_.empty() && message_.size() + slot->encoded.size() > kMaxMessageBytes) return;
    message_ += slot->encoded;
    ClearKeeping(kKeptOperationBytes, slot->encoded);
    slot->state = State::kSent;
    ++in_message_;
    --unsent_;
    ++unanswered_;
    if (slot->waits) ++waiting_;
  }
}

SessionOperations::Done SessionOperations::Answered(uint64_t id) {
  Slot* slot = Find(id);
  if (slot == nullptr || slot->state == State::kUnsent) return nullptr;
  --unanswered_;
  if (slot->waits) --waiting_;
  Done done = std::move(slot->done);
  Free(*slot);
  return done;
}

std::vector<SessionOperations::Done> SessionOperations::TakeSent() {
  cancelled_.Clear();
  return Take(/*sent=*/true);
}

std::vector<SessionOperations::Done> SessionOperations::TakeUnsent() { return Take(/*sent=*/false); }

std::vector<SessionOperations::Done> SessionOperations::Take(bool sent) {
  std::vector<Done> taken;
  for (Slot& slot : slots_) {
    if (slot.state == State::kFree || (slot.state != State::kUnsent) != sent) continue;
    if (slot.done) taken.push_back(std::move(slot.done));
    Free(slot);
  }
  if (sent) {
    unanswered_ = 0;
    waiting_ = 0;
  } else {
    unsent_ = 0;
    prompt_.clear();
    patient_.clear();
  }
  return taken;
}

SessionOperations::Slot* SessionOperations::Find(uint64_t id) {
  const size_t index = id & 0xffffffff;
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.state != State::kFree && slot.generation == id >> 32 ? &slot : nullptr;
}

void SessionOperations::Free(Slot& slot) {
  slot.state = State::kFree;
  slot.done = nullptr;
  ClearKeeping(kKeptOperationBytes, slot.encoded);
  free_.push_back(static_cast<uint32_t>(&slot - slots_.data()));
}

}  // namespace semel
