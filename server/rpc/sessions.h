// All Session streams of a server: many operations in a message, their answers in as few messages as the wire takes off.
//
// What is read becomes operations like any other and stands in the same line; the answers of a batch gather and leave together,
// and those of the batches that end while a message is being written make up the next one. There is no timer.
//
// A stream is not read from while its peer leaves answers unread, or while the line is as long as a batch: then the peer's writes
// come to rest, by HTTP/2's flow control.

#ifndef SEMEL_SERVER_RPC_SESSIONS_H_
#define SEMEL_SERVER_RPC_SESSIONS_H_

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/call.h"

namespace semel::rpc {

class Session;

// Thread-safe.
class Sessions {
 public:
  // Waits for callers on the poller's queue, until the server shuts down.
  void Serve(Surroundings& surroundings);

  // Ends every stream once all that it brought is answered, and those that are yet to come at once: a server waits for them
  // when it shuts down.
  void End();

 private:
  friend class Session;

  bool Enter(Session* session);  // false: it is to end at once
  void Leave(Session* session);

  absl::Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Session*> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_SESSIONS_H_
