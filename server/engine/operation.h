// One request on its way through the engine, and where its answer goes.

#ifndef SEMEL_SERVER_ENGINE_OPERATION_H_
#define SEMEL_SERVER_ENGINE_OPERATION_H_

#include <atomic>
#include <cstddef>

#include "server/engine/policy_table.h"
#include "server/engine/reply.h"
#include "server/engine/request.h"

namespace semel::engine {

// Where answers gather that leave together, in one message.
class Outbox {
 public:
  // All answers of a batch were given: what has gathered may leave. Without any lock held.
  virtual void Send() = 0;

 protected:
  ~Outbox() = default;
};

// Owned by whoever made it, and, but for caller_gone, left alone by that owner from the moment it is handed to Committer::Decide until
// Finish is called or Committer::Cancel took it back.
class Operation {
 public:
  virtual ~Operation() = default;

  // The answer; what it says is on disk. Called exactly once, without any lock held, by Committer::Give. Returns the outbox that is to
  // be sent when the batch is over, once for all that it gathers: nullptr where there is none, or where it was returned before.
  virtual Outbox* Finish(Reply reply) = 0;

  // After a wait: the namespace may have been listed in the configuration meanwhile.
  void FollowPolicies() { ns = &ns->table.For(key.ns); }

  Key key;
  const PolicyTable::Entry* ns = nullptr;
  Request request;
  Time deadline = Time::max();  // nobody waits for an answer after it
  // Set by the owner, at any time: there is nobody to decide for. Before Committer::Cancel, not after: then either the batch that
  // decides it sees this, or it waits already and Cancel finds it.
  std::atomic<bool> caller_gone = false;
  // Shared by the items of one batch call: how many more bytes of stored payload its answer may carry (rule 19).
  // nullptr: as many as there are.
  size_t* payload_budget = nullptr;
};

}  // namespace semel::engine

#endif  // SEMEL_SERVER_ENGINE_OPERATION_H_
