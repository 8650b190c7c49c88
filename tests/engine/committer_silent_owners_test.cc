// Keys whose lease has lapsed into doubt, and that nobody has asked about since: counted all the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "server/engine/decide_calls.h"
#include "tests/engine/committer_fixture.h"

namespace semel::engine {
namespace {

class SilentOwnersTest : public CommitterTest {
 protected:
  // What Open tells, as "in progress/in doubt".
  std::string Counted() const {
    const storage::OpenStats open = committer_->Open();
    return std::to_string(open.in_progress) + "/" + std::to_string(open.in_doubt);
  }
  std::string CountedAfter(Duration passed) {
    Advance(passed);
    EXPECT_TRUE(committer_->Maintain().ok());
    return Counted();
  }
  void SetPolicies(const PoliciesByName& named) { ASSERT_TRUE(policies_.Replace({}, named).ok()); }

  static Policy Doubt() { return {.on_lapse = LapsePolicy::kInDoubt}; }
};

TEST_F(SilentOwnersTest, CountAsInDoubtOnceTheirLeaseHasLapsed) {
  Acquire('A', "order-1", "doubt");
  Acquire('A', "order-2", "doubt");
  Acquire('A', "order-1", "shop");
  EXPECT_EQ(CountedAfter(29s), "3/0");
  EXPECT_EQ(CountedAfter(1s), "1/2") << "a lease that lapses in shop lets others try again";
  EXPECT_EQ(storage_->Open().in_doubt, 0) << "nobody has asked";
}

TEST_F(SilentOwnersTest, AreTheOnesThatAListingShows) {
  Acquire('A', "order-1", "doubt");
  Acquire('A', "order-2", "doubt");
  EXPECT_EQ(CountedAfter(30s), "0/2");
  const auto listed = committer_->List({.state = VisibleState::kInDoubt});
  EXPECT_EQ(std::get<ListPage>(listed).keys.size(), 2u);
}

TEST_F(SilentOwnersTest, AreCountedOnceWhenSomebodyAsks) {
  Acquire('A', "order-1", "doubt");
  Acquire('A', "order-2", "doubt");
  EXPECT_EQ(CountedAfter(30s), "0/2");
  EXPECT_TRUE(RunOne(BeginBy('B'), "order-1", "doubt")->Is<InDoubt>());
  EXPECT_EQ(storage_->Open().in_doubt, 1);
  EXPECT_EQ(Counted(), "0/2") << "at once, not only after the next look";
  EXPECT_EQ(CountedAfter(1s), "0/2");
}

TEST_F(SilentOwnersTest, AreNoLongerCountedWhenTheOwnerIsHeardOf) {
  const int64_t completed = Acquire('A', "completed", "doubt");
  const int64_t renewed = Acquire('A', "renewed", "doubt");
  const int64_t released = Acquire('A', "released", "doubt");
  EXPECT_EQ(CountedAfter(40s), "0/3");
  EXPECT_TRUE(RunOne(CompleteWith(completed), "completed", "doubt")->Is<Completed>());
  EXPECT_EQ(Counted(), "0/2");
  EXPECT_TRUE(RunOne(Renew{.token = renewed}, "renewed", "doubt")->Is<Renewed>());
  EXPECT_EQ(Counted(), "1/1");
  EXPECT_TRUE(RunOne(Release{.token = released}, "released", "doubt")->Is<Released>());
  EXPECT_EQ(Counted(), "1/0");
  EXPECT_EQ(CountedAfter(30s), "0/1") << "the renewed lease has lapsed too";
}

TEST_F(SilentOwnersTest, AreInDoubtWhateverThePolicyWhereEffectsBegan) {
  const int64_t token = Acquire('A', "order-1", "shop");
  RunOne(Checkpoint{.token = token, .effects_began = true}, "order-1", "shop");
  Acquire('A', "order-2", "shop");
  EXPECT_EQ(CountedAfter(30s), "1/1");
  SetPolicies({{"doubt", Doubt()}, {"shop", {}}});
  EXPECT_EQ(CountedAfter(1s), "1/1");
}

TEST_F(SilentOwnersTest, AreFollowedByAReload) {
  Acquire('A', "order-1", "doubt");
  Acquire('A', "order-1", "shop");
  Acquire('A', "order-2", "shop");
  EXPECT_EQ(CountedAfter(30s), "2/1");
  SetPolicies({{"doubt", Doubt()}, {"shop", Doubt()}});
  EXPECT_EQ(CountedAfter(1s), "0/3") << "listed only now";
  EXPECT_TRUE(RunOne(BeginBy('B'), "order-1", "shop")->Is<InDoubt>());
  EXPECT_EQ(Counted(), "0/3");
  SetPolicies({{"shop", Doubt()}});
  EXPECT_EQ(CountedAfter(1s), "1/2") << "doubt is no longer listed";
  Acquire('B', "order-1", "doubt");
  EXPECT_EQ(Counted(), "1/2") << "taken over";
  EXPECT_EQ(CountedAfter(30s), "1/2");
}

TEST_F(SilentOwnersTest, AreKnownToTheNextProcess) {
  Acquire('A', "order-1", "doubt");
  Advance(40s);
  Acquire('A', "order-2", "doubt");
  Advance(5s);
  RunOne(Lookup{}, "order-2", "doubt");  // the clock mark
  Advance(1h);
  StartProcess();
  EXPECT_EQ(CountedAfter(0s), "1/1") << "the lease that was live runs again from the start";
  EXPECT_EQ(CountedAfter(30s), "0/2");
}

TEST_F(SilentOwnersTest, LeaveWithTheKeysThatAreForgotten) {
  Acquire('A', "order-1", "doubt");
  EXPECT_EQ(CountedAfter(30s), "0/1");
  Advance(24h * 30);
  EXPECT_EQ(CountedAfter(0s), "0/0");
  Acquire('A', "order-1", "doubt");
  EXPECT_EQ(Counted(), "1/0");
}

TEST_F(SilentOwnersTest, AreCountedByTheInstantOfALook) {
  RunOne(BeginBy('A', Duration(0), 1500ms), "order-1", "doubt");
  EXPECT_EQ(CountedAfter(1500ms), "1/0") << "seconds are counted whole";
  EXPECT_EQ(CountedAfter(499ms), "1/0");
  EXPECT_EQ(CountedAfter(1ms), "0/1");
}

// Whatever is done in whatever order: what is counted is what looking through all open keys would find. The seed is printed with a
// failure; SEMEL_TEST_SEED repeats it.
TEST_F(SilentOwnersTest, AreAsManyAsLookingThroughAllWouldFind) {
  const char* given = std::getenv("SEMEL_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("SEMEL_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return random() % n; };
  const auto found = [&] {
    size_t in_doubt = 0;
    const auto all = storage_->Scan({.open_only = true});
    for (const auto& [key, record] : all->records) {
      in_doubt += IsInDoubt(record, policies_.For(key.ns).policy(), Now()) ? 1 : 0;
    }
    return in_doubt;
  };
  const auto any_request = [&]() -> Request {
    switch (below(6)) {
      case 0: return Lookup{};
      case 1: return Delete{};
      default: return BeginBy(static_cast<char>('A' + below(3)), Duration(0), std::chrono::seconds(1 + below(5)));
    }
  };
  const auto next_of = [&](int64_t token) -> Request {
    switch (below(4)) {
      case 0: return CompleteWith(token);
      case 1: return Release{.token = token};
      case 2: return Checkpoint{.token = token, .effects_began = below(2) == 0};
      default: return Renew{.token = token, .lease = std::chrono::seconds(1 + below(9))};
    }
  };
  size_t most = 0;
  for (int step = 0; step < 3000; ++step) {
    std::vector<TestOperation*> batch;
    for (uint64_t i = below(4); i > 0; --i) {
      batch.push_back(Make(any_request(), "order-" + std::to_string(below(8)), below(2) == 0 ? "shop" : "doubt"));
    }
    Run(batch);
    // Owners that are heard of while they hold the key.
    for (const TestOperation* operation : batch) {
      if (!operation->Is<Acquired>() || below(2) == 0) continue;
      RunOne(next_of(operation->As<Acquired>().token), operation->key.name, operation->key.ns);
    }
    if (below(50) == 0) SetPolicies({{below(2) == 0 ? "shop" : "doubt", Doubt()}});
    if (below(100) == 0) StartProcess();
    Advance(std::chrono::seconds(below(3)));
    ASSERT_TRUE(committer_->Maintain().ok());
    most = std::max(most, committer_->Open().in_doubt - storage_->Open().in_doubt);
    ASSERT_EQ(committer_->Open().in_doubt, found()) << "at step " << step;
    ASSERT_EQ(committer_->Open().keys(), storage_->Open().keys());
  }
  EXPECT_GE(most, 3u) << "the walk must meet what it is about";
}

}  // namespace
}  // namespace semel::engine
