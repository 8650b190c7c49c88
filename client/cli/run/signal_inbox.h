// Signals as something to read, so that none is lost and none interrupts. Blocked in the whole process from construction on:
// construct it before any thread is started.

#ifndef SEMEL_CLIENT_CLI_RUN_SIGNAL_INBOX_H_
#define SEMEL_CLIENT_CLI_RUN_SIGNAL_INBOX_H_

#include <signal.h>

#include <optional>
#include <thread>

namespace semel::cli {

// How a process takes signals; what a new one is to start with.
struct SignalSettings {
  sigset_t mask{};
  sighandler_t on_sigpipe = SIG_DFL;
  sighandler_t on_sigchld = SIG_DFL;
};

class SignalInbox {
 public:
  SignalInbox();
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  int file() const { return file_; }  // to poll
  const SignalSettings& before() const { return before_; }

  // The next signal that came; nullopt where none is there.
  std::optional<int> Next() const;

  // Everything is as it was before: signals do to this process what they do to any.
  void Restore();

 private:
  SignalSettings before_;
  int file_ = -1;
};

// Whether the signal asks to end.
bool AsksToEnd(int signal);

// While nothing has been begun, a signal that asks to end ends semel itself, although all threads have it blocked and one of
// them waits for the server.
class EndedBySignals {
 public:
  explicit EndedBySignals(const SignalInbox& inbox);
  ~EndedBySignals() { Stop(); }
  EndedBySignals(const EndedBySignals&) = delete;
  EndedBySignals& operator=(const EndedBySignals&) = delete;

  // From its return on, signals stay in the inbox.
  void Stop();

 private:
  void Watch(int signals) const;

  int stop_ = -1;
  std::thread thread_;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_SIGNAL_INBOX_H_
