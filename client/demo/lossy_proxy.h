// A TCP proxy between a gRPC client and its server that loses replies for real: the request has gone through, the server has
// answered, and the connection breaks before the first byte of the answer is passed on.

#ifndef SEMEL_CLIENT_DEMO_LOSSY_PROXY_H_
#define SEMEL_CLIENT_DEMO_LOSSY_PROXY_H_

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace semel::demo {

// Thread-safe.
class LossyProxy {
 public:
  // Listens on a free port of 127.0.0.1 and connects to `backend` ("127.0.0.1:PORT").
  static absl::StatusOr<std::unique_ptr<LossyProxy>> Start(std::string backend);
  ~LossyProxy();
  LossyProxy(const LossyProxy&) = delete;
  LossyProxy& operator=(const LossyProxy&) = delete;

  const std::string& address() const { return address_; }

  // Where new connections go.
  void SetBackend(std::string backend);

  // A reply is that to a call, or one message of a stream's answers.
  // The next `count` replies are lost once `after` answers more were passed on, whichever they are; each takes its connection with it,
  // and with that every call that is under way on it.
  void LoseReplies(int count, int after = 0);
  // How many were lost so far.
  int replies_lost() const;
  // False when fewer were lost by then.
  bool AwaitRepliesLost(int count, std::chrono::steady_clock::time_point deadline) const;

  // Cuts every connection and refuses new ones, until Restore.
  void CutOff();
  // Lets requests through and keeps all replies to itself, without breaking the connection, until Restore.
  void Swallow();
  // Passes everything on again. Connections from before are cut.
  void Restore();

 private:
  enum class Mode { kPass, kRefuse, kSwallow };
  struct Connection;

  LossyProxy(int listener, std::string address, std::string backend);
  void Accept();
  void Serve(int client);
  void PumpRequests(Connection& connection);
  void PumpReplies(Connection& connection);
  // Whether a reply that is about to be passed on is to be lost.
  bool TakeLoss();
  bool Swallowing() const;
  void SetMode(Mode mode);

  // Constant after construction.
  const int listener_;
  const std::string address_;

  mutable std::mutex mutex_;
  mutable std::condition_variable lost_;
  // Guarded by mutex_.
  std::string backend_;
  Mode mode_ = Mode::kPass;
  bool stopping_ = false;
  int to_pass_ = 0;  // HEADERS frames before any is lost
  int to_lose_ = 0;
  int replies_lost_ = 0;
  std::list<Connection> connections_;

  std::thread acceptor_;
};

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_LOSSY_PROXY_H_
