// server/engine/committer.h: whole batches, from operations to answers. A step is one batch of Begins of fresh keys and one of
// their Completes, or one batch of Begins that are answered with what is stored.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/micro/case.h"
#include "bench/micro/samples.h"
#include "server/engine/committer.h"
#include "storage/memory_storage.h"
#include "storage/rocksdb/rocksdb_storage.h"

namespace semel::bench {
namespace {

class Operation final : public engine::Operation {
 public:
  engine::Outbox* Finish(engine::Reply reply) override {
    this->reply = std::move(reply);
    return nullptr;
  }

  engine::Reply reply;
};

// In the working directory, so that whoever runs this chooses the disk; removed at the end.
class Directory {
 public:
  Directory() {
    if (mkdtemp(path_.data()) == nullptr) std::perror("no directory for the database"), std::exit(1);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "semel-bench-micro-XXXXXX";
};

struct Memory {
  std::unique_ptr<storage::Storage> storage =
      std::make_unique<storage::MemoryStorage>(storage::SystemTime(), std::make_shared<storage::MemoryDisk>());
};

struct RocksDb {
  Directory directory;
  std::unique_ptr<storage::Storage> storage =
      storage::RocksDbStorage::Open({.path = directory.path()}, storage::SystemTime()).value();
};

// A committer with as many callers as a batch has operations.
template <class Disk>
class Engine {
 public:
  explicit Engine(size_t callers) : operations_(callers) {
    Expect(committer_.Start().ok(), "the committer starts");
    for (Operation& operation : operations_) {
      operation.ns = &policies_.For("bench");
      batch_.push_back(&operation);
    }
  }

  void BeginFreshKeys() {
    for (Operation& operation : operations_) {
      operation.key = {.ns = "bench", .name = absl::StrCat("order-00000000-0000-0000-", next_key_++)};
      operation.request = SampleBegin('a');
    }
    committer_.Run(batch_);
  }
  void CompleteThem() {
    for (Operation& operation : operations_) {
      operation.request = SampleComplete(std::get<engine::Acquired>(operation.reply).token);
    }
    committer_.Run(batch_);
  }
  void BeginAgain() {
    for (Operation& operation : operations_) operation.request = SampleBegin('b');
    committer_.Run(batch_);
  }

  template <class Reply>
  bool AllSaid() const {
    for (const Operation& operation : operations_) {
      if (!std::holds_alternative<Reply>(operation.reply)) return false;
    }
    return true;
  }

 private:
  Disk disk_;
  engine::PolicyTable policies_;
  engine::EngineStats stats_;
  engine::Committer committer_{*disk_.storage, policies_, {}, stats_};
  std::vector<Operation> operations_;
  std::vector<engine::Operation*> batch_;
  uint64_t next_key_ = 100'000'000'000;
};

template <class Disk>
Step PairsStep(size_t callers) {
  auto engine = std::make_shared<Engine<Disk>>(callers);
  return [engine] {
    engine->BeginFreshKeys();
    Expect(engine->template AllSaid<engine::Acquired>(), "fresh keys are acquired");
    engine->CompleteThem();
    Expect(engine->template AllSaid<engine::Completed>(), "their owners complete them");
  };
}

template <class Disk>
Step ReplaysStep(size_t callers) {
  auto engine = std::make_shared<Engine<Disk>>(callers);
  engine->BeginFreshKeys();
  engine->CompleteThem();
  return [engine] {
    engine->BeginAgain();
    Expect(engine->template AllSaid<engine::Done>(), "what is stored is replayed");
  };
}

template <class Disk>
void AddCases(const std::string& disk, bool counted, Cases& cases) {
  for (size_t callers : {size_t{1}, size_t{64}, size_t{1024}}) {
    cases.push_back({.name = absl::StrCat("committer/", disk, "/pair/batch_", callers),
                     .operations = callers,
                     .counted = counted,
                     .prepare = [callers] { return PairsStep<Disk>(callers); }});
    cases.push_back({.name = absl::StrCat("committer/", disk, "/replay/batch_", callers),
                     .operations = callers,
                     .counted = counted,
                     .prepare = [callers] { return ReplaysStep<Disk>(callers); }});
  }
}

}  // namespace

void AddCommitterCases(Cases& cases) {
  AddCases<Memory>("memory", true, cases);
  AddCases<RocksDb>("rocksdb", false, cases);
}

}  // namespace semel::bench
