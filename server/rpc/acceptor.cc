#include "server/rpc/acceptor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

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

bool IsLackOfFilesOrMemory(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
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
    // Without a free file, a connection in line would wake us again and again: wait for the wish to stop alone, for a moment.
    for (pollfd& socket : polled) socket.events = out_of_files_ ? 0 : POLLIN;
    poll(polled.data(), polled.size(), out_of_files_ ? kRetryMillis : -1);
    out_of_files_ = false;
    for (const pollfd& socket : polled) AcceptSome(socket.fd);
  }
}

void Acceptor::AcceptSome(int listening) {
  for (int i = 0; i < kAtOnce && !over_; ++i) {
    const int file = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (file < 0) {
      // All other errors are of the one connection, which is gone, or say that there is none.
      if (!IsLackOfFilesOrMemory(errno)) return;
      out_of_files_ = true;
      return TellFull(std::strerror(errno));
    }
    if (file >= options_.max_file) {
      close(file);
      turned_away_.Add();
      TellFull(absl::StrCat(options_.max_file, " files are open, and the rest is kept for the storage"));
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
