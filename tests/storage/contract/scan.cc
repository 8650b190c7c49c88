// Listing.

#include <gmock/gmock.h>

#include "tests/storage/sample_records.h"
#include "tests/storage/storage_contract.h"

namespace semel::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StorageContract, OpenKeysComeFirstOldestWriteFirstThenSettledOnesByName) {
  for (const char* name : {"z", "m", "d"}) Put({"shop", name}, InProgressRecord(NextToken(), Now()));
  for (const char* name : {"y", "b", "n"}) Put({"shop", name}, DoneRecord(NextToken(), Now()));
  Put({"shop", "c"}, FailedRecord(NextToken(), Now()));
  EXPECT_THAT(ScanNames({}), ElementsAre("z", "m", "d", "b", "c", "n", "y"));

  Put({"shop", "z"}, InDoubtRecord(NextToken(), Now()));
  Put({"shop", "m"}, FailedRecord(NextToken(), Now()));
  EXPECT_THAT(ScanNames({}), ElementsAre("d", "z", "b", "c", "m", "n", "y"));
  EXPECT_THAT(ScanNames({.open_only = true}), ElementsAre("d", "z"));
  Compact();
  Reopen();
  EXPECT_THAT(ScanNames({}), ElementsAre("d", "z", "b", "c", "m", "n", "y"));
}

TEST_P(StorageContract, ScannedRecordsAreThoseThatLoadReturns) {
  Put({"shop", "1"}, InProgressRecord(NextToken(), Now()));
  Put({"shop", "2"}, InDoubtRecord(NextToken(), Now()));
  Put({"shop", "3"}, DoneRecord(NextToken(), Now()));
  Put({"shop", "4"}, FailedRecord(NextToken(), Now()));
  Put({"other", "5"}, FailedRecord(NextToken(), Now(), false));
  const auto scanned = ScanAll({});
  EXPECT_EQ(scanned.size(), 5u);
  for (const auto& [key, record] : scanned) EXPECT_EQ(Load(key), record) << key;
}

TEST_P(StorageContract, PagesOfEverySizeShowEveryKeyOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 23; ++i) {
    const std::string name = std::to_string(100 + i);
    const bool open = i < 9;
    Put({"shop", name}, open ? InProgressRecord(NextToken(), Now()) : DoneRecord(NextToken(), Now()));
    Put({"other", name}, open ? InProgressRecord(NextToken(), Now()) : DoneRecord(NextToken(), Now()));
    names.push_back(name);
  }
  for (size_t limit : {1u, 2u, 5u, 8u, 9u, 10u, 22u, 23u, 24u, 1000u}) {
    SCOPED_TRACE(limit);
    EXPECT_EQ(ScanNames({.ns = "shop", .limit = limit}), names);
    EXPECT_EQ(ScanNames({.limit = limit}).size(), 46u);
    EXPECT_EQ(ScanNames({.ns = "shop", .open_only = true, .limit = limit}).size(), 9u);
    EXPECT_EQ(ScanNames({.ns = "shop", .settled_only = true, .limit = limit}).size(), 14u);
    EXPECT_EQ(ScanNames({.ns = "shop", .most_examined = limit}), names);
  }
}

// Whoever scans holds up commits: a page ends after so many records, whether it took them or not.
TEST_P(StorageContract, APageLooksAtSoManyRecordsAndNoMore) {
  for (int i = 0; i < 10; ++i) {
    Put({"other", std::to_string(i)}, InProgressRecord(NextToken(), Now()));
    Put({"shop", std::to_string(i)}, VacantRecord(NextToken(), Now()));
  }
  Put({"shop", "last"}, DoneRecord(NextToken(), Now()));
  ScanRequest request{.ns = "shop", .most_examined = 4};
  size_t pages = 0;
  std::vector<std::string> names;
  do {
    const absl::StatusOr<ScanPage> page = storage().Scan(request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& [key, record] : page->records) names.push_back(key.name);
    request.cursor = page->next_cursor;
    ++pages;
  } while (!request.cursor.empty());
  EXPECT_THAT(names, ElementsAre("last"));
  EXPECT_GE(pages, 5u);
}

TEST_P(StorageContract, ScansKeepToTheirNamespaceAndPrefix) {
  for (const char* ns : {"a", "ab", "b"}) {
    for (const char* name : {"order-1", "order-2", "ord", "b-order-1"}) {
      Put({ns, name}, DoneRecord(NextToken(), Now()));
      Put({ns, std::string("open-") + name}, InProgressRecord(NextToken(), Now()));
    }
  }
  EXPECT_THAT(ScanNames({.ns = "a", .name_prefix = "order-"}), ElementsAre("order-1", "order-2"));
  EXPECT_THAT(ScanNames({.ns = "ab", .name_prefix = "ord"}), ElementsAre("ord", "order-1", "order-2"));
  EXPECT_THAT(ScanNames({.ns = "a", .name_prefix = "open-ord"}),
              ElementsAre("open-order-1", "open-order-2", "open-ord"));
  EXPECT_EQ(ScanNames({.ns = "a"}).size(), 8u);
  EXPECT_THAT(ScanNames({.ns = "a", .name_prefix = "nothing"}), IsEmpty());
  EXPECT_THAT(ScanNames({.ns = "c"}), IsEmpty());
}

TEST_P(StorageContract, VacatedKeysAreNotListed) {
  Put({"shop", "released"}, InProgressRecord(NextToken(), Now()));
  Put({"shop", "released"}, VacantRecord(NextToken(), Now()));
  Put({"shop", "deleted"}, DoneRecord(NextToken(), Now()));
  Put({"shop", "deleted"}, VacantRecord(NextToken(), Now()));
  for (int i = 0; i < 20; ++i) Put({"shop", "gone-" + std::to_string(i)}, VacantRecord(NextToken(), Now()));
  Put({"shop", "kept"}, DoneRecord(NextToken(), Now()));
  Put({"shop", "reacquired"}, VacantRecord(NextToken(), Now()));
  Put({"shop", "reacquired"}, InProgressRecord(NextToken(), Now()));
  EXPECT_THAT(ScanNames({.limit = 2}), ElementsAre("reacquired", "kept"));
  Reopen();
  EXPECT_THAT(ScanNames({.limit = 2}), ElementsAre("reacquired", "kept"));
}

TEST_P(StorageContract, WhatIsNotWrittenBetweenPagesIsListedOnceWhateverHappensToTheRest) {
  for (int i = 0; i < 10; ++i) Put({"shop", "open-" + std::to_string(i)}, InProgressRecord(NextToken(), Now()));
  for (int i = 0; i < 10; ++i) Put({"shop", "done-" + std::to_string(i)}, DoneRecord(NextToken(), Now()));
  std::map<std::string, int> seen;
  ScanRequest request{.ns = "shop", .limit = 3};
  int page_number = 0;
  do {
    absl::StatusOr<ScanPage> page = storage().Scan(request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& [key, record] : page->records) ++seen[key.name];
    Put({"shop", "open-" + std::to_string(page_number)}, DoneRecord(NextToken(), Now()));        // moves to the settled
    Put({"shop", "done-" + std::to_string(9 - page_number)}, VacantRecord(NextToken(), Now()));  // disappears
    ++page_number;
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  ASSERT_LT(page_number, 10);
  for (int i = page_number; i < 10; ++i) EXPECT_EQ(seen["open-" + std::to_string(i)], 1) << i;
  for (int i = 0; i < 10 - page_number; ++i) EXPECT_EQ(seen["done-" + std::to_string(i)], 1) << i;
}

}  // namespace
}  // namespace semel::storage
