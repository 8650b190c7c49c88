#include "server/rpc/acceptor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace semel::rpc {
namespace {

// Then other sockets get their turn, and whoever wants us to stop.
constexpr int kAtOnce = 32;
// Nobody tells when a file is free again.
constexpr int kRetryMillis = 100;
constexpr auto kTellInterval = std::chrono::seconds(10);

// There is none in line, or the one that was is gone: accept(2) lists what the network may say of it.
bool ConcernsOneConnection(int error) {
  constexpr std::array kErrors = {EAGAIN,    EINTR,  ECONNABORTED, EPROTO,     ENETDOWN,    ENOPROTOOPT,
                                  EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

}  // namespace

Acceptor::Acceptor(ListeningSockets sockets, std::unique_ptr<GrpcAcceptor> grpc, Options options,
                   engine::Counter& turned_away)
    : sockets_(std::move(sockets)),
      grpc_(std::move(grpc)),
      options_(std::move(options)),
      turned_away_(turned_away),
      thread_([this] { Run(); }) {}

Acceptor::~Acceptor() {
  over_ = true;
  for (const int file : sockets_.files()) shutdown(file, SHUT_RDWR);  // Linux wakes who polls it
  thread_.join();
}

void Acceptor::Run() {
  std::vector<pollfd> polled;
  for (const int file : sockets_.files()) polled.push_back({.fd = file});
  while (!over_) {
    // A connection that cannot be accepted would wake us again and again: wait for the wish to stop alone, for a moment.
    for (pollfd& socket : polled) socket.events = cannot_accept_ ? 0 : POLLIN;
    poll(polled.data(), polled.size(), cannot_accept_ ? kRetryMillis : -1);
    cannot_accept_ = false;
    for (const pollfd& socket : polled) AcceptSome(socket.fd);
  }
}

void Acceptor::AcceptSome(int listening) {
  for (int i = 0; i < kAtOnce && !over_; ++i) {
    const int file = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (file < 0) {
      if (ConcernsOneConnection(errno)) return;
      cannot_accept_ = true;
      return TellFull(std::strerror(errno));
    }
    if (file >= options_.max_files) {
      close(file);
      turned_away_.Add();
      TellFull(absl::StrCat(options_.max_files,
                            " files are open, and the rest is kept for the storage: raise the limit of ",
                            "open files (ulimit -n, LimitNOFILE)"));
      continue;
    }
    GrpcAcceptor::NewConnectionParameters connection;
    connection.fd = file;
    grpc_->HandleNewConnection(&connection);
  }
}

void Acceptor::TellFull(std::string_view why) {
  const auto now = std::chrono::steady_clock::now();
  if (!options_.on_full || (told_ && now - *told_ < kTellInterval)) return;
  told_ = now;
  options_.on_full(std::string(why));
}

}  // namespace semel::rpc
