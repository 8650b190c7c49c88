// A committer over storage in memory and time that stands still, and operations that remember what they were told.

#ifndef SEMEL_TESTS_ENGINE_COMMITTER_FIXTURE_H_
#define SEMEL_TESTS_ENGINE_COMMITTER_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/committer.h"
#include "storage/memory_storage.h"
#include "tests/engine/describe.h"

namespace semel::engine {

using namespace std::chrono_literals;

class TestOperation final : public Operation {
 public:
  Outbox* Finish(Reply reply) override {
    EXPECT_FALSE(reply_.has_value()) << "answered twice";
    reply_ = std::move(reply);
    return outbox;
  }

  Outbox* outbox = nullptr;  // what Finish returns

  bool waits() const { return !reply_.has_value(); }
  // As Describe prints it; "waits" before there is one.
  std::string said() const { return reply_ ? Describe(*reply_) : "waits"; }
  template <typename T>
  const T& As() const {
    return std::get<T>(*reply_);
  }
  template <typename T>
  bool Is() const {
    return reply_ && std::holds_alternative<T>(*reply_);
  }

 private:
  std::optional<Reply> reply_;
};

class CommitterTest : public testing::Test {
 protected:
  // Attempts end in doubt in "doubt"; every other namespace has the default policy.
  CommitterTest();

  // A process on the same disk; the one before is killed.
  void StartProcess(Limits limits = {});
  void EndProcess();

  // Requests for the key `name` of the namespace `ns`. Operations live as long as the test.
  TestOperation* Make(Request request, std::string name = "order-1", std::string ns = "shop");
  static Begin BeginBy(char who, Duration wait = Duration(0), Duration lease = 30s);
  static Complete CompleteWith(int64_t token, std::string payload = "receipt");

  // Runs them as one batch.
  void Run(const std::vector<TestOperation*>& operations);
  TestOperation* RunOne(Request request, std::string name = "order-1", std::string ns = "shop");
  // Acquires and returns the token.
  int64_t Acquire(char who, std::string name = "order-1", std::string ns = "shop");
  void Advance(Duration by) { time_.Advance(by); }
  // To when the committer asks to be run, and runs it.
  void RunWhatIsDue();

  Time Now() { return storage_->clock().Now(); }

  storage::ManualTime time_{kStart};
  PolicyTable policies_;
  std::shared_ptr<storage::MemoryDisk> disk_ = std::make_shared<storage::MemoryDisk>();
  std::vector<std::unique_ptr<TestOperation>> operations_;  // outlive the committer
  std::unique_ptr<storage::MemoryStorage> storage_;
  std::unique_ptr<EngineStats> stats_;
  std::unique_ptr<Committer> committer_;
};

}  // namespace semel::engine

#endif  // SEMEL_TESTS_ENGINE_COMMITTER_FIXTURE_H_
