// Bits flipped, and ends torn off, in every kind of file: the database is refused with the file named, or the records that cannot
// be read say DATA_LOSS, and every answer that is given is right. Never a wrong answer, never a forgotten key.
//
// SEMEL_TEST_SEED sets other places; SEMEL_TEST_FLIPS more of them.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "storage/rocksdb/verify.h"
#include "tests/storage/rocksdb_harness.h"

namespace semel::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DamageTest : public RocksDbTest {
 protected:
  struct Answer {
    Record record;
    std::string payload;
    friend bool operator==(const Answer&, const Answer&) = default;
  };
  struct Tally {
    int refused = 0;
    int data_loss = 0;
    int harmless = 0;
  };

  // Keys in tables, in blob files and in the log only, open ones and settled ones.
  DamageTest() : broken_(elsewhere_ / "broken") {
    for (int i = 0; i < 60; ++i) {
      const std::string name = "table-" + std::to_string(i);
      Begin(name);
      if (i % 5 != 0) Complete(name, std::string(i % 3 == 0 ? 8000 : 40, static_cast<char>('a' + i % 26)));
    }
    EXPECT_TRUE(storage().Reclaim().ok());
    for (int i = 0; i < 40; ++i) {
      const std::string name = "log-" + std::to_string(i);
      Begin(name);
      if (i % 4 != 0) Complete(name, std::string(i % 3 == 0 ? 6000 : 40, static_cast<char>('a' + i % 26)));
    }
    for (const auto& [key, record] : Scan({})) answers_[key] = Read(storage(), key).value();
    EXPECT_EQ(answers_.size(), 100u);
    harness_.Die();
  }

  static absl::StatusOr<Answer> Read(RocksDbStorage& storage, const Key& key) {
    const Key* keys[] = {&key};
    std::vector<std::optional<Record>> records;
    if (absl::Status status = storage.Load(keys, records); !status.ok()) return status;
    if (!records[0]) return absl::NotFoundError("no record");
    Answer answer{.record = *records[0]};
    if (IsOpen(answer.record)) answer.record.version = 0;  // where the journal holds it now
    if (!std::holds_alternative<Result>(answer.record.outcome)) return answer;
    absl::StatusOr<std::string> payload = storage.LoadPayload(key, answer.record);
    if (!payload.ok()) return payload.status();
    answer.payload = *std::move(payload);
    return answer;
  }

  std::string Original(const std::string& name) const { return harness_.options().path + "/" + name; }
  // Names below the data directory, by kind.
  std::vector<std::string> Files(const std::function<bool(const std::string&)>& wanted) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(harness_.options().path)) {
      const std::string name = fs::relative(entry.path(), harness_.options().path);
      if (entry.is_regular_file() && entry.file_size() > 0 && wanted(entry.path().filename())) names.push_back(name);
    }
    return names;
  }

  // What a start and every read say of a copy in which `name` holds `bytes`.
  void Judge(const std::string& name, const std::string& bytes, Tally& tally) {
    fs::remove_all(broken_);
    fs::copy(harness_.options().path, broken_, fs::copy_options::recursive);
    std::ofstream(broken_ + "/" + name, std::ios::binary) << bytes;
    const bool sound = IsSound();
    RocksDbOptions options = TinyOptions(broken_);
    options.log = nullptr;
    const auto opened = RocksDbStorage::Open(options, harness_.time);
    if (!opened.ok()) {
      ++tally.refused;
      EXPECT_THAT(std::string(opened.status().message()), HasSubstr(fs::path(name).filename().string()));
      EXPECT_THAT(opened.status().code(),
                  testing::AnyOf(absl::StatusCode::kDataLoss, absl::StatusCode::kFailedPrecondition));
      EXPECT_FALSE(sound) << "verify must know";
      return;
    }
    bool lost = false;
    for (const auto& [key, answer] : answers_) {
      const absl::StatusOr<Answer> read = Read(**opened, key);
      if (read.ok()) {
        EXPECT_EQ(read->record, answer.record) << key << ": a wrong answer";
        EXPECT_TRUE(read->payload == answer.payload) << key << ": a wrong payload";
      } else {
        EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << key << ": " << read.status();
        lost = true;
      }
    }
    ++(lost ? tally.data_loss : tally.harmless);
    if (lost) {
      EXPECT_FALSE(sound) << "verify must know";
    }
  }
  bool IsSound() const {
    const absl::StatusOr<DatabaseReport> report = Verify(broken_, harness_.time);
    return report.ok() && report->sound();
  }

  // One bit each at many places of every such file, all places near its end.
  void Flip(const char* kind, const std::vector<std::string>& names) {
    ASSERT_FALSE(names.empty()) << kind;
    const char* more = std::getenv("SEMEL_TEST_FLIPS");
    const uint64_t flips = more == nullptr ? 40 : std::strtoull(more, nullptr, 10);
    Tally tally;
    for (const std::string& name : names) {
      std::ifstream file(Original(name), std::ios::binary);
      const std::string sound{std::istreambuf_iterator<char>(file), {}};
      for (uint64_t i = 0; i < flips; ++i) {
        const uint64_t near_end = std::min<uint64_t>(sound.size(), 200);
        const size_t at = i % 4 == 0 ? sound.size() - 1 - generator_.Below(near_end) : generator_.Below(sound.size());
        const int bit = static_cast<int>(generator_.Below(8));
        if (name.ends_with(".sst") && bit == 7 && IsTopOfSmallNumber(sound, at)) continue;
        SCOPED_TRACE(testing::Message() << name << ", byte " << at << " of " << sound.size() << ", bit " << bit);
        std::string broken = sound;
        broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
        Judge(name, broken, tally);
        if (HasFailure()) return;
      }
    }
    std::printf("%s: refused %d, DATA_LOSS %d, harmless %d\n", kind, tally.refused, tally.data_loss, tally.harmless);
  }

  // RocksDB 7.8 looks at a bit there of each table's properties before it compares their checksum, and Debian's build of it asserts:
  // one bit a table ends the process at the start, with RocksDB's words instead of ours.
  static bool IsTopOfSmallNumber(const std::string& bytes, size_t at) {
    return at >= 3 && bytes[at] == 0 && bytes[at - 1] == 0 && bytes[at - 2] == 0;
  }

  static std::function<bool(const std::string&)> EndsWith(std::string suffix) {
    return [suffix](const std::string& name) { return name.ends_with(suffix); };
  }
  static std::function<bool(const std::string&)> StartsWith(std::string prefix) {
    return [prefix](const std::string& name) { return name.starts_with(prefix); };
  }

  TemporaryDirectory elsewhere_{MemoryDisk()};
  const std::string broken_;
  std::map<Key, Answer> answers_;
  Generator generator_;
};

TEST_F(DamageTest, ABitOfTheLog) { Flip("log", Files(EndsWith(".log"))); }
TEST_F(DamageTest, ABitOfATable) { Flip("table", Files(EndsWith(".sst"))); }
TEST_F(DamageTest, ABitOfABlobFile) { Flip("blob file", Files(EndsWith(".blob"))); }
TEST_F(DamageTest, ABitOfTheManifest) { Flip("MANIFEST", Files(StartsWith("MANIFEST"))); }
TEST_F(DamageTest, ABitOfCurrent) { Flip("CURRENT", Files(StartsWith("CURRENT"))); }
TEST_F(DamageTest, ABitOfTheOptions) { Flip("OPTIONS", Files(StartsWith("OPTIONS"))); }
TEST_F(DamageTest, ABitOfFormat) { Flip("FORMAT", Files(StartsWith("FORMAT"))); }
TEST_F(DamageTest, ABitOfTheIdentity) { Flip("IDENTITY", Files(StartsWith("IDENTITY"))); }

// The length of a fragment is not covered by its checksum: every bit of those of the last records.
TEST_F(DamageTest, ABitOfALengthInTheLogOrTheManifest) {
  for (const std::string& name :
       Files([](const std::string& n) { return n.ends_with(".log") || n.starts_with("MANIFEST"); })) {
    std::ifstream file(Original(name), std::ios::binary);
    const std::string sound{std::istreambuf_iterator<char>(file), {}};
    std::vector<size_t> starts;
    for (size_t at = 0; at + 7 <= sound.size();) {
      starts.push_back(at);
      at += 7 + static_cast<uint8_t>(sound[at + 4]) + 256 * static_cast<uint8_t>(sound[at + 5]);
      if (32'768 - at % 32'768 < 7) at += 32'768 - at % 32'768;
    }
    Tally tally;
    for (size_t i = starts.size() > 6 ? starts.size() - 6 : 0; i < starts.size(); ++i) {
      for (int bit = 0; bit < 16; ++bit) {
        SCOPED_TRACE(testing::Message() << name << ", fragment at " << starts[i] << ", bit " << bit);
        std::string broken = sound;
        char& byte = broken[starts[i] + 4 + bit / 8];
        byte = static_cast<char>(byte ^ (1 << bit % 8));
        Judge(name, broken, tally);
        if (HasFailure()) return;
      }
    }
    EXPECT_EQ(tally.data_loss + tally.harmless, 0) << "each of them is damage to what was acknowledged";
  }
}

// Files that are shorter than they were. The end of the log is the one place where that may be a write that nobody was told of, so a
// log that is cut within its records opens without them: what a disk loses there after it said that it was on disk, nobody can see.
TEST_F(DamageTest, AnEndTornOff) {
  Tally tally;
  for (const std::string& name : Files([](const std::string& n) {
         return n.ends_with(".sst") || n.ends_with(".blob") || n.starts_with("MANIFEST") || n == "CURRENT" ||
                n == "FORMAT";
       })) {
    std::ifstream file(Original(name), std::ios::binary);
    const std::string sound{std::istreambuf_iterator<char>(file), {}};
    for (const size_t left : {size_t{0}, sound.size() / 2, sound.size() - 1}) {
      if (name == "FORMAT" && left + 1 == sound.size()) continue;             // its last newline
      if (name.find("MANIFEST") != std::string::npos && left != 0) continue;  // as the log
      SCOPED_TRACE(testing::Message() << name << " cut to " << left << " of " << sound.size());
      Judge(name, sound.substr(0, left), tally);
      if (HasFailure()) return;
    }
  }
  EXPECT_EQ(tally.harmless, 0);
}

TEST_F(DamageTest, AFileThatIsGone) {
  for (const std::string& name : Files([](const std::string& n) {
         return n.ends_with(".sst") || n.ends_with(".blob") || n.starts_with("MANIFEST") || n == "CURRENT" ||
                n == "FORMAT";
       })) {
    SCOPED_TRACE(name);
    fs::remove_all(broken_);
    fs::copy(harness_.options().path, broken_, fs::copy_options::recursive);
    fs::remove(broken_ + "/" + name);
    EXPECT_FALSE(IsSound());
    RocksDbOptions options = TinyOptions(broken_);
    options.log = nullptr;
    const absl::Status status = RocksDbStorage::Open(options, harness_.time).status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(fs::path(name).filename().string()));
  }
}

}  // namespace
}  // namespace semel::storage
