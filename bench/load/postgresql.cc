#include <endian.h>
#include <libpq-fe.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/postgresql_statements.h"
#include "bench/load/service.h"

namespace semel::bench {

namespace {

constexpr std::chrono::hours kAbandonedRetention(30 * 24);
// What suits PostgreSQL best on few processors: more connections make it slower. Callers beyond them wait for a free one.
constexpr size_t kConnections = 64;
constexpr uint32_t kByteaOid = 17, kBigintOid = 20, kTextOid = 25;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

void AppendBigEndian(uint32_t value, std::string& bytes) {
  uint32_t big = htobe32(value);
  bytes.append(reinterpret_cast<const char*>(&big), sizeof big);
}

std::string BigEndian(int64_t value) {
  uint64_t big = htobe64(static_cast<uint64_t>(value));
  return {reinterpret_cast<const char*>(&big), sizeof big};
}

template <typename Integer>
Integer FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return static_cast<Integer>(value);
}

// One parameter in PostgreSQL's binary format: of one key the value itself, of many an array of them.
template <typename Value>
std::string Parameter(const std::vector<Item>& items, uint32_t type, Value value_of) {
  if (items.size() == 1) return std::string(value_of(items[0]));
  std::string bytes;
  AppendBigEndian(1, bytes);  // dimensions
  AppendBigEndian(0, bytes);  // no nulls
  AppendBigEndian(type, bytes);
  AppendBigEndian(static_cast<uint32_t>(items.size()), bytes);
  AppendBigEndian(1, bytes);  // counted from
  for (const Item& item : items) {
    const auto& value = value_of(item);
    AppendBigEndian(static_cast<uint32_t>(value.size()), bytes);
    bytes.append(value);
  }
  return bytes;
}

// A connection and the statement that is under way on it.
class Connection {
 public:
  ~Connection() { PQfinish(connection_); }

  absl::Status Open(const std::string& host, const std::string& port, bool create) {
    connection_ = PQconnectdb(absl::StrCat("host=", host, " port=", port, " dbname=postgres user=postgres").c_str());
    if (PQstatus(connection_) != CONNECTION_OK) return absl::UnavailableError(PQerrorMessage(connection_));
    if (create) {
      if (absl::Status status = Do(kSchema); !status.ok()) return status;
    }
    if (absl::Status status = Do(kSession); !status.ok()) return status;
    for (auto [name, statement] : {std::pair("begin1", kBeginOne),
                                   {"beginN", kBeginMany},
                                   {"complete1", kCompleteOne},
                                   {"completeN", kCompleteMany},
                                   {"read1", kReadOne},
                                   {"readN", kReadMany}}) {
      Result result(PQprepare(connection_, name, statement, 0, nullptr));
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return absl::InternalError(PQerrorMessage(connection_));
    }
    PQsetnonblocking(connection_, 1);
    return absl::OkStatus();
  }

  int fd() const { return PQsocket(connection_); }

  // Sends the statement of an operation. False: the connection broke.
  bool Start(Operation& operation) {
    operation_ = &operation;
    auto [verb, values] = CallOf(operation);
    std::string name = absl::StrCat(verb, operation.items.size() == 1 ? "1" : "N");
    std::vector<const char*> starts;
    std::vector<int> lengths, binary;
    for (const std::string& value : values) {
      starts.push_back(value.data());
      lengths.push_back(static_cast<int>(value.size()));
      binary.push_back(1);
    }
    return PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()), starts.data(),
                               lengths.data(), binary.data(), 1) == 1 &&
           PQflush(connection_) >= 0;
  }

  // Takes in what has come. The operation whose statement ended, or null.
  Operation* Receive() {
    if (operation_ == nullptr) return nullptr;
    if (PQconsumeInput(connection_) != 1 || PQflush(connection_) < 0) return Fail();
    if (PQisBusy(connection_) == 1) return nullptr;
    while (Result result{PQgetResult(connection_)}) {
      if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
        ReadRows(*result, *operation_);
      } else {
        operation_->error = PQresultErrorMessage(result.get());
      }
    }
    return std::exchange(operation_, nullptr);
  }

  // What was under way has failed.
  Operation* Fail() {
    operation_->error = PQerrorMessage(connection_);
    return std::exchange(operation_, nullptr);
  }

 private:
  absl::Status Do(const char* statements) {
    Result result(PQexec(connection_, statements));
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return absl::OkStatus();
    return absl::InternalError(PQerrorMessage(connection_));
  }

  // Which statement, and its parameters.
  static std::pair<const char*, std::vector<std::string>> CallOf(const Operation& operation) {
    const std::vector<Item>& items = operation.items;
    auto keys = Parameter(items, kTextOid, [](const Item& item) -> const std::string& { return item.key; });
    if (operation.kind == Operation::Kind::kComplete) {
      return {"complete",
              {keys, Parameter(items, kBigintOid, [](const Item& item) { return BigEndian(item.token); }),
               Parameter(items, kByteaOid, [](const Item& item) { return item.result; }),
               BigEndian(operation.retention.count())}};
    }
    auto fingerprints =
        Parameter(items, kByteaOid, [](const Item& item) -> const std::string& { return item.fingerprint; });
    if (operation.kind == Operation::Kind::kReadBack) return {"read", {keys, fingerprints}};
    return {"begin",
            {keys, fingerprints,
             Parameter(items, kByteaOid, [](const Item& item) -> const std::string& { return item.attempt_id; }),
             std::string(kOwner), BigEndian(operation.lease.count()),
             BigEndian(std::chrono::milliseconds(kAbandonedRetention).count())}};
  }

  // A row for each key that did as it should, mostly in the order in which they were sent.
  static void ReadRows(const PGresult& rows, Operation& operation) {
    for (Item& item : operation.items) item.answer = Answer::kOther;
    for (int row = 0; row < PQntuples(&rows); ++row) {
      std::string_view key = Bytes(rows, row, 0);
      auto item = operation.items.begin() + row;
      if (item->key != key) {
        item =
            std::find_if(operation.items.begin(), operation.items.end(), [&](const Item& i) { return i.key == key; });
      }
      if (item == operation.items.end()) {
        operation.error = "an answer for another key";
        return;
      }
      ReadRow(rows, row, operation.kind, *item);
    }
  }

  static void ReadRow(const PGresult& rows, int row, Operation::Kind kind, Item& item) {
    auto token = FromBigEndian<int64_t>(Bytes(rows, row, 1));
    if (kind == Operation::Kind::kComplete) {
      item.answer = item.token == token ? Answer::kStored : Answer::kOther;
      return;
    }
    item.answer = kind == Operation::Kind::kBegin ? Answer::kAcquired : Answer::kDone;
    item.token = token;
    item.attempt = FromBigEndian<int32_t>(Bytes(rows, row, 2));
    if (kind == Operation::Kind::kReadBack) item.stored = Bytes(rows, row, 3);
  }

  static std::string_view Bytes(const PGresult& rows, int row, int column) {
    return {PQgetvalue(&rows, row, column), static_cast<size_t>(PQgetlength(&rows, row, column))};
  }

  PGconn* connection_ = nullptr;
  Operation* operation_ = nullptr;
};

class PostgreSql final : public Service {
 public:
  ~PostgreSql() override {
    if (epoll_ >= 0) close(epoll_);
  }

  absl::Status Open(const Destination& destination) {
    size_t colon = destination.address.rfind(':');
    if (colon == std::string::npos) return absl::InvalidArgumentError("the address must be HOST:PORT");
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    size_t most = destination.connections > 0 ? destination.connections : kConnections;
    for (size_t i = 0; i < std::min(destination.callers, most); ++i) {
      connections_.push_back(std::make_unique<Connection>());
      Connection& connection = *connections_.back();
      absl::Status status =
          connection.Open(destination.address.substr(0, colon), destination.address.substr(colon + 1), i == 0);
      if (!status.ok()) return status;
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
      free_.push_back(&connection);
    }
    return absl::OkStatus();
  }

  void Send(Operation& operation) override { waiting_.push_back(&operation); }

  void Flush() override {
    while (!free_.empty() && !waiting_.empty()) {
      Connection& connection = *free_.back();
      free_.pop_back();
      if (!connection.Start(*waiting_.front())) failed_.push_back(connection.Fail());
      waiting_.pop_front();
    }
  }

  void Wait(std::chrono::milliseconds patience, std::vector<Operation*>& ended) override {
    ended = std::exchange(failed_, {});
    auto deadline = SteadyClock::now() + patience;
    while (ended.empty() && SteadyClock::now() < deadline) {
      std::array<epoll_event, 64> events;
      int ready = epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(patience.count()));
      for (int i = 0; i < ready; ++i) {
        auto* connection = static_cast<Connection*>(events[i].data.ptr);
        Operation* operation = connection->Receive();
        if (operation == nullptr) continue;
        ended.push_back(operation);
        free_.push_back(connection);
      }
    }
  }

 private:
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
  std::deque<Operation*> waiting_;
  std::vector<Operation*> failed_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> ConnectPostgreSql(const Destination& destination) {
  auto service = std::make_unique<PostgreSql>();
  if (absl::Status status = service->Open(destination); !status.ok()) return status;
  return service;
}

}  // namespace semel::bench
