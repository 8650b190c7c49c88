#include "client/cli/run/signal_inbox.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace semel::cli {
namespace {

constexpr std::array kToRead = {SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD};

sigset_t SetOf(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

// As if it had not been blocked in this thread.
void TakeEffect(int signal) {
  const sigset_t set = SetOf(signal);
  kill(getpid(), signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // it was ignored, or stopped us and we go on
}

}  // namespace

SignalInbox::SignalInbox() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kToRead) sigaddset(&set, signal);
  file_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (file_ < 0) std::abort();  // without it the command could not be ended
  sigaddset(&set, SIGTTOU);     // taking the terminal back must not stop us
  pthread_sigmask(SIG_BLOCK, &set, &before_.mask);
  before_.on_sigchld = signal(SIGCHLD, SIG_DFL);  // ignored, the kernel would keep to itself how the command ended
  before_.on_sigpipe = signal(SIGPIPE, SIG_IGN);  // whoever stops reading our output does not stop the command
}

SignalInbox::~SignalInbox() {
  Restore();
  close(file_);
}

std::optional<int> SignalInbox::Next() const {
  signalfd_siginfo info{};
  ssize_t count = 0;
  do {
    count = read(file_, &info, sizeof(info));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void SignalInbox::Restore() { pthread_sigmask(SIG_SETMASK, &before_.mask, nullptr); }

bool AsksToEnd(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

EndedBySignals::EndedBySignals(const SignalInbox& inbox) : stop_(eventfd(0, EFD_CLOEXEC)) {
  if (stop_ < 0) std::abort();
  thread_ = std::thread([this, signals = inbox.file()] { Watch(signals); });
}

void EndedBySignals::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = write(stop_, &one, sizeof(one));
  thread_.join();
  close(stop_);
}

void EndedBySignals::Watch(int signals) const {
  std::array<pollfd, 2> events = {{{.fd = signals, .events = POLLIN}, {.fd = stop_, .events = POLLIN}}};
  while (events[1].revents == 0) {
    if (poll(events.data(), events.size(), -1) < 0 || events[0].revents == 0 || events[1].revents != 0) continue;
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof(info)) != sizeof(info)) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (AsksToEnd(signal) || signal == SIGTSTP) TakeEffect(signal);
  }
}

}  // namespace semel::cli
