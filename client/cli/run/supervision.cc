#include "client/cli/run/supervision.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <variant>

namespace semel::cli {
namespace {

using std::chrono::steady_clock;

// A process that the command left behind may hold its output open for ever; what it still writes then is not the command's.
constexpr std::chrono::seconds kDrainPatience{1};
// Nothing tells when the last of a process group is gone: look again.
constexpr std::chrono::milliseconds kLookAgain{20};

}  // namespace

Supervision::Supervision(CommandProcess& command, const Attempt& attempt, const SignalInbox& signals, OutputStream& out,
                         OutputStream& err, Duration kill_after)
    : command_(command),
      attempt_(attempt),
      signals_(signals),
      out_(out),
      err_(err),
      kill_after_(kill_after),
      lost_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (lost_ < 0) std::abort();  // the command would outlive its lease
  on_lost_.emplace(attempt.stop_token(), [this] {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = write(lost_, &one, sizeof(one));
  });
}

Supervision::~Supervision() {
  on_lost_.reset();
  close(lost_);
}

CommandEnd Supervision::AwaitEnd() {
  TakeChanges();
  while (!end_ || !OutputIsOver() || !GroupIsOver()) AwaitEvents();
  return *end_;
}

void Supervision::AwaitEvents() {
  const auto reading = [this](const OutputStream& stream) {
    return pollfd{.fd = stream.WantsToRead(end_.has_value()) ? stream.from() : -1, .events = POLLIN};
  };
  const auto writing = [](const OutputStream& stream) {
    return pollfd{.fd = stream.WantsToWrite() ? stream.to() : -1, .events = POLLOUT};
  };
  std::array<pollfd, 6> events = {{{.fd = signals_.file(), .events = POLLIN},
                                   {.fd = kill_at_ || end_ ? -1 : lost_, .events = POLLIN},
                                   reading(out_),
                                   writing(out_),
                                   reading(err_),
                                   writing(err_)}};
  if (poll(events.data(), events.size(), PatienceInMilliseconds()) < 0) return;  // EINTR
  if (events[1].revents != 0) EndCommand();
  if (events[0].revents != 0) TakeSignals();
  if (events[2].revents != 0) out_.Read();
  if (events[4].revents != 0) err_.Read();
  // Both may go to one pipe, where the room that was seen is enough for one of them: in turns.
  const bool both = events[3].revents != 0 && events[5].revents != 0;
  err_is_next_ = both ? !err_is_next_ : events[5].revents != 0;
  if (events[3].revents != 0 && !err_is_next_) out_.Write();
  if (events[5].revents != 0 && err_is_next_) err_.Write();
  KillWhenDue();
}

int Supervision::PatienceInMilliseconds() const {
  const SteadyTime now = steady_clock::now();
  std::optional<Duration> patience;
  const auto at_most = [&](Duration duration) { patience = std::min(patience.value_or(duration), duration); };
  if (drained_at_ && !OutputIsOver()) at_most(*drained_at_ - now);
  if (kill_at_ && !killed_) at_most(*kill_at_ - now);
  if (kill_at_ && end_) at_most(kLookAgain);
  if (!patience) return -1;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*patience).count();
  return static_cast<int>(std::clamp<int64_t>(rounded, 0, 3'600'000));
}

void Supervision::TakeSignals() {
  while (const std::optional<int> signal = signals_.Next()) TakeSignal(*signal);
}

void Supervision::TakeSignal(int signal) {
  // What its group's number stands for, now that the command was reaped, may be somebody else's.
  if (end_ && !kill_at_) return;
  switch (signal) {
    case SIGCHLD: TakeChanges(); break;
    case SIGUSR1:
    case SIGUSR2: command_.Signal(signal); break;
    case SIGCONT:
      // Whoever was stopped for too long owns nothing any more: ask before the command does another step.
      if (attempt_.lost()) {
        EndCommand();
      } else {
        asked_to_stop_ = false;
        command_.SignalGroup(SIGCONT);
      }
      break;
    case SIGTSTP:
      asked_to_stop_ = true;
      command_.SignalGroup(signal);
      break;
    default: command_.SignalGroup(signal); break;
  }
}

void Supervision::TakeChanges() {
  while (const auto change = command_.NextChange()) {
    if (const auto* stopped = std::get_if<CommandProcess::Stopped>(&*change)) {
      TakeStop(stopped->signal);
    } else {
      end_ = std::get<CommandEnd>(*change);
      drained_at_ = steady_clock::now() + kDrainPatience;
    }
  }
}

void Supervision::TakeStop(int signal) {
  if (kill_at_) return command_.SignalGroup(SIGCONT);  // what is stopped cannot end
  if (attempt_.lost()) return;                         // EndCommand, which follows, lets it go on
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && terminal_.GiveTo(command_.pid())) return command_.SignalGroup(SIGCONT);
  // At a SIGSTOP from elsewhere semel goes on: nobody would know to wake it together with the command.
  if (!wants_terminal && !(signal == SIGTSTP && (asked_to_stop_ || terminal_.given()))) return;
  terminal_.TakeBack();
  kill(getpid(), SIGSTOP);
}

void Supervision::EndCommand() {
  TakeChanges();                 // it may have ended, and nobody has looked yet
  if (kill_at_ || end_) return;  // once it has ended by itself, the server decides whether that still counts
  kill_at_ = steady_clock::now() + kill_after_;
  command_.SignalGroup(SIGTERM);
  command_.SignalGroup(SIGCONT);
}

bool Supervision::OutputIsOver() const {
  return (out_.at_end() && err_.at_end()) || steady_clock::now() >= *drained_at_;
}

// Where the lease was lost, nothing that the command started may go on either.
bool Supervision::GroupIsOver() const { return !kill_at_ || killed_ || !command_.GroupLives(); }

void Supervision::KillWhenDue() {
  if (!kill_at_ || killed_ || steady_clock::now() < *kill_at_) return;
  command_.SignalGroup(SIGKILL);
  killed_ = true;
}

}  // namespace semel::cli
