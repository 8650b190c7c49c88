// A bit flips on the disk while the server is down: the key whose payload it was is refused, everybody who watches is told, and the
// other keys are served.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/caller.h"
#include "tests/support/requests.h"
#include "tests/support/scrape.h"
#include "tests/support/semeld.h"

namespace semel::e2e {
namespace {

namespace fs = std::filesystem;
using support::BeginOf;
using support::Caller;
using support::Eventually;
using support::LookupOf;
using support::ResultOf;
using support::Scrape;
using support::Semeld;
using testing::HasSubstr;

class UnreadableRecordTest : public testing::Test {
 protected:
  void Finish(const Caller& caller, const std::string& key, const std::string& payload) {
    const auto begun = caller.Call(BeginOf(key));
    ASSERT_TRUE(begun.ok()) << begun.error();
    ASSERT_TRUE(caller.Call(ResultOf(key, begun->acquired().token(), payload)).ok());
  }

  // In the one blob file that holds `bytes`. Its name, empty where there is none.
  std::string FlipABitOf(const std::string& bytes) {
    for (const auto& entry : fs::recursive_directory_iterator(directory_ / "data")) {
      if (entry.path().extension() != ".blob") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::string content{std::istreambuf_iterator<char>(file), {}};
      const size_t at = content.find(bytes);
      if (at == content.npos) continue;
      content[at] = static_cast<char>(content[at] ^ 1);
      std::ofstream(entry.path(), std::ios::binary) << content;
      return entry.path().filename();
    }
    return "";
  }

  const support::TemporaryDirectory directory_;
};

TEST_F(UnreadableRecordTest, IsRefusedCountedAndLogged) {
  std::string marked(20'000, '\0');
  uint32_t random = 1;
  for (char& c : marked)
    c = static_cast<char>((random = random * 1'103'515'245 + 12'345) >> 24);  // nothing to compress
  {
    Semeld semeld(directory_);
    ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
    const Caller caller(semeld.NewChannel());
    Finish(caller, "damaged", marked);
    Finish(caller, "sound", "receipt");
    ASSERT_EQ(semeld.Stop(), 0);
  }
  const std::string file = FlipABitOf(marked.substr(5000, 64));
  ASSERT_NE(file, "");

  Semeld semeld(directory_);
  ASSERT_TRUE(semeld.AwaitReady()) << semeld.Log();
  const Caller caller(semeld.NewChannel());
  EXPECT_EQ(Scrape(semeld.Get("/metrics").body)["semel_unreadable_records_total"], 0);
  for (const support::WireError& error :
       {caller.Call(LookupOf("damaged")).error(), caller.Call(BeginOf("damaged")).error()}) {
    EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE) << error;
    EXPECT_EQ(error.reason, "STORAGE_FAILED") << error;
  }
  EXPECT_TRUE(caller.Call(LookupOf("sound")).ok());
  Scrape scrape(semeld.Get("/metrics").body);
  EXPECT_EQ(scrape["semel_unreadable_records_total"], 2);
  EXPECT_EQ(scrape["semel_storage_failed"], 0);
  EXPECT_EQ(semeld.Get("/readyz").code, 200);
  EXPECT_TRUE(
      Eventually([&] { return semeld.Log().find("what is stored for a key cannot be read") != std::string::npos; }));
  EXPECT_THAT(semeld.Log(), HasSubstr("Blob CRC mismatch"));
}

}  // namespace
}  // namespace semel::e2e
