#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/load/redis_scripts.h"
#include "bench/load/service.h"

namespace semel::bench {

namespace {

constexpr std::chrono::hours kAbandonedRetention(30 * 24);

struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view TextOf(const redisReply& reply) {
  bool text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_ERROR || reply.type == REDIS_REPLY_STATUS;
  return text ? std::string_view(reply.str, reply.len) : std::string_view();
}

// Commands in Redis' protocol: https://redis.io/docs/reference/protocol-spec/
class Commands {
 public:
  void Start(size_t arguments) { absl::StrAppend(&bytes_, "*", arguments, "\r\n"); }
  void Add(std::string_view argument) {
    absl::StrAppend(&bytes_, "$", argument.size(), "\r\n");
    bytes_.append(argument).append("\r\n");
  }
  void Add(int64_t argument) { Add(std::to_string(argument)); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// A connection and the operations that wait for its replies, which come in order.
class Connection {
 public:
  ~Connection() {
    if (context_ != nullptr) redisFree(context_);
  }

  absl::Status Open(const std::string& host, int port) {
    context_ = redisConnect(host.c_str(), port);
    if (context_ == nullptr || context_->err != 0) {
      return absl::UnavailableError(
          absl::StrCat("no Redis at ", host, ":", port, ": ", context_ ? context_->errstr : ""));
    }
    int on = 1;
    setsockopt(context_->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return absl::OkStatus();
  }

  // The digest under which the script is called.
  absl::StatusOr<std::string> LoadScript(const std::string& script) {
    Reply reply(static_cast<redisReply*>(redisCommand(context_, "SCRIPT LOAD %b", script.data(), script.size())));
    if (reply == nullptr) return absl::UnavailableError(context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) return absl::InvalidArgumentError(reply->str);
    return std::string(TextOf(*reply));
  }

  void DoNotBlock() { fcntl(context_->fd, F_SETFL, fcntl(context_->fd, F_GETFL) | O_NONBLOCK); }

  int fd() const { return context_->fd; }
  Commands& commands() { return commands_; }
  std::deque<Operation*>& awaiting() { return awaiting_; }

  // Sends as much as the socket takes. False: the connection broke.
  bool Flush() {
    std::string& bytes = commands_.bytes();
    while (!bytes.empty()) {
      ssize_t sent = send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      bytes.erase(0, static_cast<size_t>(sent));
    }
    return true;
  }
  bool flushed() { return commands_.bytes().empty(); }

  // Takes in what has come. False: the connection broke.
  bool Receive() {
    std::array<char, 1 << 16> buffer;
    ssize_t received = recv(context_->fd, buffer.data(), buffer.size(), 0);
    if (received < 0) return errno == EAGAIN;
    return received > 0 && redisReaderFeed(context_->reader, buffer.data(), static_cast<size_t>(received)) == REDIS_OK;
  }

  // The next whole reply, or none. False: what came is no reply.
  bool Next(Reply& reply) {
    void* next = nullptr;
    if (redisReaderGetReply(context_->reader, &next) != REDIS_OK) return false;
    reply.reset(static_cast<redisReply*>(next));
    return true;
  }

 private:
  redisContext* context_ = nullptr;
  Commands commands_;
  std::deque<Operation*> awaiting_;
};

// Scripts of one kind of operation: digests, and how many arguments they take.
struct Script {
  std::string one, many;
};

class Redis final : public Service {
 public:
  ~Redis() override {
    if (epoll_ >= 0) close(epoll_);
  }

  absl::Status Open(const Destination& destination) {
    pipeline_ = destination.pipeline;
    size_t colon = destination.address.rfind(':');
    int port = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(destination.address.substr(colon + 1), &port)) {
      return absl::InvalidArgumentError("the address must be HOST:PORT");
    }
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    size_t count = (destination.callers + pipeline_ - 1) / pipeline_;
    for (size_t i = 0; i < count; ++i) {
      connections_.push_back(std::make_unique<Connection>());
      Connection& connection = *connections_.back();
      if (absl::Status status = connection.Open(destination.address.substr(0, colon), port); !status.ok())
        return status;
      if (i == 0) {
        if (absl::Status status = LoadScripts(connection); !status.ok()) return status;
      }
      connection.DoNotBlock();
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
    }
    return absl::OkStatus();
  }

  void Send(Operation& operation) override {
    Connection& connection = *connections_[operation.caller / pipeline_];
    if (connection.flushed()) unflushed_.push_back(&connection);
    connection.awaiting().push_back(&operation);
    if (operation.kind == Operation::Kind::kBegin) {
      WriteBegin(operation, connection.commands());
    } else {
      WriteComplete(operation, connection.commands());
    }
  }

  void Flush() override {
    std::erase_if(unflushed_, [this](Connection* connection) {
      if (!connection->Flush()) broken_.push_back(connection);
      return connection->flushed();
    });
  }

  void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) override {
    auto deadline = SteadyClock::now() + patience;
    while (ended.empty() && SteadyClock::now() < deadline) {
      std::array<epoll_event, 64> events;
      // What a full socket did not take is tried again soon; that is rare with answers so small.
      int timeout = unflushed_.empty() ? static_cast<int>(patience.count()) : 1;
      int ready = epoll_wait(epoll_, events.data(), events.size(), timeout);
      for (int i = 0; i < ready; ++i) Receive(*static_cast<Connection*>(events[i].data.ptr), ended);
      for (Connection* connection : std::exchange(broken_, {})) Fail(*connection, "the connection broke", ended);
      Flush();
    }
  }

 private:
  absl::Status LoadScripts(Connection& connection) {
    struct {
      std::string& digest;
      std::string script;
    } wanted[] = {{begin_.one, ScriptForOne(kBeginHead, kBeginBody)},
                  {begin_.many, ScriptForMany(kBeginHead, kBeginBody, kBeginArgumentsPerKey)},
                  {complete_.one, ScriptForOne("", kCompleteBody)},
                  {complete_.many, ScriptForMany("", kCompleteBody, kCompleteArgumentsPerKey)}};
    for (auto& [digest, script] : wanted) {
      absl::StatusOr<std::string> loaded = connection.LoadScript(script);
      if (!loaded.ok()) return loaded.status();
      digest = *std::move(loaded);
    }
    return absl::OkStatus();
  }

  static void StartCall(const Operation& operation, const Script& script, int arguments, int per_key,
                        Commands& commands) {
    size_t keys = operation.items.size();
    commands.Start(3 + keys + arguments + keys * per_key);
    commands.Add("EVALSHA");
    commands.Add(keys > 1 ? script.many : script.one);
    commands.Add(static_cast<int64_t>(keys));
    for (const Item& item : operation.items) commands.Add(item.key);
  }

  void WriteBegin(const Operation& operation, Commands& commands) {
    StartCall(operation, begin_, kBeginArguments, kBeginArgumentsPerKey, commands);
    commands.Add(kOwner);
    commands.Add(operation.lease.count());
    commands.Add(std::chrono::milliseconds(kAbandonedRetention).count());
    for (const Item& item : operation.items) {
      commands.Add(item.fingerprint);
      commands.Add(item.attempt_id);
    }
  }

  void WriteComplete(const Operation& operation, Commands& commands) {
    StartCall(operation, complete_, kCompleteArguments, kCompleteArgumentsPerKey, commands);
    commands.Add(operation.retention.count());
    for (const Item& item : operation.items) {
      commands.Add(item.token);
      commands.Add(item.result);
    }
  }

  void Receive(Connection& connection, std::vector<Operation*>& ended) {
    if (!connection.Receive()) return Fail(connection, "the connection broke", ended);
    Reply reply;
    while (!connection.awaiting().empty()) {
      if (!connection.Next(reply)) return Fail(connection, "no reply of Redis'", ended);
      if (reply == nullptr) return;
      Operation& operation = *connection.awaiting().front();
      connection.awaiting().pop_front();
      ReadReply(*reply, operation);
      ended.push_back(&operation);
    }
  }

  static void Fail(Connection& connection, std::string_view why, std::vector<Operation*>& ended) {
    for (Operation* operation : std::exchange(connection.awaiting(), {})) {
      operation->error = why;
      ended.push_back(operation);
    }
  }

  static void ReadReply(const redisReply& reply, Operation& operation) {
    if (reply.type != REDIS_REPLY_ARRAY) {
      operation.error = absl::StrCat("instead of a list: ", std::string(TextOf(reply)));
    } else if (operation.items.size() == 1) {
      ReadItem(reply, operation.items[0]);
    } else if (reply.elements != operation.items.size()) {
      operation.error = "an answer of another length";
    } else {
      for (size_t i = 0; i < reply.elements; ++i) ReadItem(*reply.element[i], operation.items[i]);
    }
  }

  static void ReadItem(const redisReply& reply, Item& item) {
    std::string_view answer = reply.elements > 0 ? TextOf(*reply.element[0]) : "";
    item.answer = Answer::kOther;
    if (answer == "acquired" && reply.elements == 3) {
      item.answer = Answer::kAcquired;
      item.token = reply.element[1]->integer;
    } else if (answer == "done") {
      item.answer = Answer::kDone;
    } else if (answer == "in_progress") {
      item.answer = Answer::kInProgress;
    } else if (answer == "mismatch") {
      item.answer = Answer::kMismatch;
    } else if (answer == "stored") {
      item.answer = Answer::kStored;
    } else if (answer == "stale") {
      item.answer = Answer::kStale;
    }
  }

  size_t pipeline_ = 1;
  int epoll_ = -1;
  Script begin_, complete_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> unflushed_, broken_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectRedis(const Destination& destination) {
  auto redis = std::make_unique<Redis>();
  if (absl::Status status = redis->Open(destination); !status.ok()) return status;
  return redis;
}

}  // namespace semel::bench
