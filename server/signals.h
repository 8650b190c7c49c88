// The signals that steer the process. They are taken by waiting for them, in one thread, and so interrupt nothing.
//
//   Signals signals;                               // before any other thread starts: those inherit the mask
//   while (signals.Next() == Signals::Wish::kReload) reloader.Reload();

#ifndef SEMEL_SERVER_SIGNALS_H_
#define SEMEL_SERVER_SIGNALS_H_

#include <csignal>

#include "storage/time.h"

namespace semel {

class Signals {
 public:
  enum class Wish { kReload, kStop };  // SIGHUP; SIGTERM or SIGINT

  Signals();

  Wish Next();                                // waits
  void AwaitStop(storage::Duration at_most);  // until the next SIGTERM or SIGINT, but no longer than that

 private:
  sigset_t all_;
  sigset_t stop_;
};

}  // namespace semel

#endif  // SEMEL_SERVER_SIGNALS_H_
