// One Session stream: reads, answers, ends.

#ifndef SEMEL_SERVER_RPC_SESSION_H_
#define SEMEL_SERVER_RPC_SESSION_H_

#include <optional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/call.h"
#include "server/rpc/event.h"
#include "server/rpc/session_answers.h"
#include "server/rpc/session_items.h"
#include "server/rpc/session_wire.h"
#include "server/rpc/sessions.h"

namespace semel::rpc {

// Events come on the polling thread, and read on there; answers and the end come from any thread.
class Session final : public engine::Outbox, public Resting, public SessionOwner {
 public:
  // Waits for a caller. Deletes itself when the stream is over.
  Session(Sessions& sessions, Surroundings& surroundings);

  // Answers what was read, then ends the stream: the server shuts down.
  void End();

  engine::Outbox* ItemFinished(SessionItem& item, engine::Reply reply) override;
  void Send() override {
    Change([this] { send_owed_ = false; });
  }
  void Resume() override {
    Change([this] {
      rests_ = false;
      ReadOn();
    });
  }

 private:
  // Every change of the stream's state: begins what follows from it, and where nothing can follow any more, all is over.
  template <class What>
  void Change(What what) {
    bool over;
    {
      absl::MutexLock lock(&mutex_);
      what();
      Proceed();
      over = finish_ == Finish::kDone && gone_seen_ && !reading_ && !writing_ && !rests_ && !send_owed_ &&
             items_.size() == 0;
    }
    if (over) {
      sessions_.Leave(this);
      delete this;
    }
  }

  void OnArrived(bool ok);
  void OnRead(bool ok);
  void OnWrote(bool ok);
  void OnGone(bool ok);
  void OnFinished(bool ok);

  void Proceed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndWith(const engine::Refusal& refusal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Break() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void TakeMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeRequest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(v1::SessionRequest::Operation& wire, Poller::Clock::time_point arrival, engine::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<engine::Refusal> RefuseForLoad(const SessionItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CancelBegin(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Say(SessionItem& item, engine::Reply reply) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeBack(SessionItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetGo(size_t bytes, size_t calls) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  enum class Finish { kNotYet, kUnderWay, kDone };

  Sessions& sessions_;
  Surroundings& surroundings_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  Poller::Clock::time_point arrival_;
  Step<Session> arrived_{*this, &Session::OnArrived};
  Step<Session> read_{*this, &Session::OnRead};
  Step<Session> wrote_{*this, &Session::OnWrote};
  Step<Session> gone_{*this, &Session::OnGone};
  Step<Session> finished_{*this, &Session::OnFinished};
  // Only on the polling thread.
  grpc::ByteBuffer received_;
  v1::SessionRequest incoming_;

  absl::Mutex mutex_;
  SessionItems items_ ABSL_GUARDED_BY(mutex_){*this};
  SessionAnswers answers_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);  // set: nothing more is taken, and it ends so
  size_t writing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;            // of the message that is being written
  size_t writing_answers_ ABSL_GUARDED_BY(mutex_) = 0;          // in it
  bool told_limits_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool rests_ ABSL_GUARDED_BY(mutex_) = false;      // the poller is to resume it
  bool send_owed_ ABSL_GUARDED_BY(mutex_) = false;  // the committer is to call Send
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;     // nobody hears answers any more
  bool gone_seen_ ABSL_GUARDED_BY(mutex_) = false;
  Finish finish_ ABSL_GUARDED_BY(mutex_) = Finish::kNotYet;
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSION_H_
