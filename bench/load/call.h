// One asynchronous unary call after another through the same objects.

#ifndef SEMEL_BENCH_LOAD_CALL_H_
#define SEMEL_BENCH_LOAD_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "bench/load/recorder.h"

namespace semel::bench {

template <typename Response>
class Call {
 public:
  explicit Call(std::string_view name) : name_(name) {}

  // `start(context)` is the stub's AsyncX. `tag` comes out of the completion queue when the call has ended.
  template <typename Starter>
  void Send(Starter start, void* tag) {
    reader_.reset();  // lives in the context's arena: goes first
    context_.emplace();
    response_.Clear();
    sent_ = SteadyClock::now();
    reader_ = start(&*context_);
    reader_->Finish(&response_, &status_, tag);
  }

  // Records the call that has ended. False: it failed.
  bool End(Recorder& recorder) {
    recorder.CallEnded(name_, SteadyClock::now() - sent_);
    if (status_.ok()) return true;
    recorder.Error(name_, absl::StrCat(status_.error_code(), " ", status_.error_message()));
    return false;
  }

  // The call succeeded, but its answer is wrong. Always false.
  bool Reject(Recorder& recorder, std::string_view answer) {
    recorder.Error(name_, "unexpected answer " + std::string(answer));
    return false;
  }

  const Response& response() const { return response_; }

 private:
  std::string_view name_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
  SteadyClock::time_point sent_;
};

}  // namespace semel::bench

#endif  // SEMEL_BENCH_LOAD_CALL_H_
