#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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

// What hiredis makes a command of. The bytes of strings must live until then.
class Arguments {
 public:
  void Add(std::string_view argument) {
    starts.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  void Add(int64_t argument) { Add(numbers_.emplace_back(std::to_string(argument))); }

  std::vector<const char*> starts;
  std::vector<size_t> lengths;

 private:
  std::deque<std::string> numbers_;  // which stay where they are
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

  void DoNotBlock() {
    fcntl(context_->fd, F_SETFL, fcntl(context_->fd, F_GETFL) | O_NONBLOCK);
    context_->flags &= ~REDIS_BLOCK;
  }

  int fd() const { return context_->fd; }
  std::deque<Operation*>& awaiting() { return awaiting_; }

  // Puts the command of an operation behind those that Flush will send.
  void Append(Operation& operation, Arguments arguments) {
    redisAppendCommandArgv(context_, static_cast<int>(arguments.starts.size()), arguments.starts.data(),
                           arguments.lengths.data());
    awaiting_.push_back(&operation);
    flushed_ = false;
  }

  // Sends as much as the socket takes. False: the connection broke.
  bool Flush() {
    int done = 0;
    bool sent = redisBufferWrite(context_, &done) == REDIS_OK;
    flushed_ = done == 1;
    return sent;
  }
  bool flushed() const { return flushed_; }

  // Takes in what has come. False: the connection broke.
  bool Receive() { return redisBufferRead(context_) == REDIS_OK; }

  // The next whole reply, or none. False: what came is no reply.
  bool Next(Reply& reply) {
    void* next = nullptr;
    if (redisGetReplyFromReader(context_, &next) != REDIS_OK) return false;
    reply.reset(static_cast<redisReply*>(next));
    return true;
  }

 private:
  redisContext* context_ = nullptr;
  bool flushed_ = true;
  std::deque<Operation*> awaiting_;
};

// Digests of the scripts of one kind of operation.
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
    bool begin = operation.begins();
    connection.Append(operation, begin ? BeginOf(operation) : CompleteOf(operation));
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

  static Arguments CallOf(const Operation& operation, const Script& script) {
    Arguments call;
    call.Add("EVALSHA");
    call.Add(operation.items.size() > 1 ? script.many : script.one);
    call.Add(static_cast<int64_t>(operation.items.size()));
    for (const Item& item : operation.items) call.Add(item.key);
    return call;
  }

  Arguments BeginOf(const Operation& operation) {
    Arguments call = CallOf(operation, begin_);
    call.Add(kOwner);
    call.Add(operation.lease.count());
    call.Add(std::chrono::milliseconds(kAbandonedRetention).count());
    for (const Item& item : operation.items) {
      call.Add(item.fingerprint);
      call.Add(item.attempt_id);
    }
    return call;
  }

  Arguments CompleteOf(const Operation& operation) {
    Arguments call = CallOf(operation, complete_);
    call.Add(operation.retention.count());
    for (const Item& item : operation.items) {
      call.Add(item.token);
      call.Add(item.result);
    }
    return call;
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
      item.attempt = reply.element[2]->integer;
    } else if (answer == "done" && reply.elements == 2) {
      item.answer = Answer::kDone;
      item.stored = TextOf(*reply.element[1]);
    } else if (answer == "stored") {
      item.answer = Answer::kStored;
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
