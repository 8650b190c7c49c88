// Lets ThreadSanitizer see what gRPC hands from thread to thread, which was not compiled with it: one thread starts an operation, another
// finds it in the completion queue, and gRPC's headers, which are compiled into our programs, read there what they wrote here.
//
// Linked and done as abseil_under_tsan.cc. The tests of the Session stream hold it against alarms without a race: their operations
// are started on many threads and end on one.

#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

namespace {

template <typename Function>
Function Real(const char* name) {
  void* address = dlsym(RTLD_NEXT, name);
  if (address == nullptr) {
    std::fprintf(stderr, "grpc_under_tsan.cc: this gRPC has no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function>(address);
}

}  // namespace

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag, void* reserved) {
  static const auto real = Real<decltype(&grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return real(call, ops, count, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  static const auto real = Real<decltype(&grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"
