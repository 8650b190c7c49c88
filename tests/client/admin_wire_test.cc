#include "client/cpp/admin_wire.h"

#include <gtest/gtest.h>

namespace semel {
namespace {

using namespace std::chrono_literals;

TEST(AdminWireTest, AListingAsksForWhatItWasAskedFor) {
  const v1::ListKeysRequest open = ToWire(ListKeysRequest{});
  EXPECT_EQ(open.namespace_(), "");
  EXPECT_EQ(open.state(), v1::STATE_UNSPECIFIED);
  EXPECT_EQ(open.page_size(), 100);
  const v1::ListKeysRequest wire = ToWire(ListKeysRequest{
      .namespace_name = "shop", .key_prefix = "order/", .state = State::kInDoubt, .page_size = 7, .page_token = "t"});
  EXPECT_EQ(wire.namespace_(), "shop");
  EXPECT_EQ(wire.key_prefix(), "order/");
  EXPECT_EQ(wire.state(), v1::STATE_IN_DOUBT);
  EXPECT_EQ(wire.page_size(), 7);
  EXPECT_EQ(wire.page_token(), "t");
}

TEST(AdminWireTest, APageHasRecords) {
  v1::ListKeysResponse response;
  response.set_next_page_token("more");
  v1::ListedKey& listed = *response.add_keys();
  listed.set_namespace_("shop");
  listed.set_key("order/1");
  listed.set_checkpoint_size(3);
  listed.mutable_record()->set_state(v1::STATE_DONE);
  listed.mutable_record()->set_previous(v1::PREVIOUS_NONE);
  listed.mutable_record()->mutable_result()->set_payload_size(17);
  const auto page = ToKeysPage(response);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next_page_token, "more");
  ASSERT_EQ(page->keys.size(), 1u);
  EXPECT_EQ(page->keys[0].namespace_name, "shop");
  EXPECT_EQ(page->keys[0].key, "order/1");
  EXPECT_EQ(page->keys[0].checkpoint_size, 3);
  EXPECT_EQ(page->keys[0].record.state, State::kDone);
  EXPECT_EQ(std::get<Result>(page->keys[0].record.outcome).payload_size, 17);

  listed.mutable_record()->set_state(static_cast<v1::State>(99));
  EXPECT_EQ(ToKeysPage(response).status().code(), absl::StatusCode::kInternal);
}

TEST(AdminWireTest, EachResolutionIsSaidAsItIs) {
  ResolveKeyRequest request{.namespace_name = "shop", .key = "k", .retention = 1h, .reason = "seen", .actor = "jo"};
  EXPECT_EQ(ToWire(request).resolution_case(), v1::ResolveKeyRequest::RESOLUTION_NOT_SET) << "no default";
  request.resolution = Result{.payload = "p"};
  EXPECT_EQ(ToWire(request).result().payload(), "p");
  EXPECT_EQ(ToWire(request).retention().seconds(), 3600);
  EXPECT_EQ(ToWire(request).reason(), "seen");
  EXPECT_EQ(ToWire(request).actor(), "jo");
  EXPECT_EQ(ToWire(request).attempt(), 0);
  request.attempt = 3;
  EXPECT_EQ(ToWire(request).attempt(), 3);
  request.resolution = Failure{.reason = "NOT_CHARGED", .retryable = true};
  EXPECT_EQ(ToWire(request).failure().reason(), "NOT_CHARGED");
  EXPECT_TRUE(ToWire(request).failure().retryable());
  request.resolution = Absent{};
  EXPECT_TRUE(ToWire(request).has_absent());
}

TEST(AdminWireTest, AKeyThatIsFreeAgainHasNoState) {
  v1::ResolveKeyResponse response;
  const auto free = ToResolved(response);
  ASSERT_TRUE(free.ok());
  EXPECT_FALSE(free->state.has_value());
  EXPECT_FALSE(free->expire_time.has_value());
  response.set_state(v1::STATE_DONE);
  response.mutable_expire_time()->set_seconds(9);
  response.set_already_applied(true);
  const auto settled = ToResolved(response);
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->state, State::kDone);
  EXPECT_EQ(settled->expire_time, Time(9s));
  EXPECT_TRUE(settled->already_applied);
  response.set_state(static_cast<v1::State>(99));
  EXPECT_EQ(ToResolved(response).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ToDeleted(v1::DeleteKeyResponse()).status().code(), absl::StatusCode::kInternal);
}

TEST(AdminWireTest, FiguresAreAllThere) {
  v1::GetStatsResponse response;
  response.set_version("0.1.0");
  response.mutable_wall_clock_offset()->set_seconds(-3600);
  response.set_not_ready_reason("disk full");
  response.mutable_open_keys()->set_in_progress(1);
  response.mutable_open_keys()->set_in_doubt(2);
  response.mutable_open_keys()->set_max_bytes(3);
  response.set_waiters(4);
  response.set_calls_in_flight(5);
  v1::NamespaceFigures& figures = *response.add_namespaces();
  figures.set_namespace_("(other)");
  (*figures.mutable_begins())["acquired"] = 6;
  figures.set_takeovers(7);
  (*response.mutable_storage())["rocksdb_level0_files"] = 1.5;
  const Stats stats = ToStats(response);
  EXPECT_EQ(stats.version, "0.1.0");
  EXPECT_EQ(stats.wall_clock_offset, -1h);
  EXPECT_EQ(stats.not_ready_reason, "disk full");
  EXPECT_EQ(stats.open_keys.in_progress, 1);
  EXPECT_EQ(stats.open_keys.in_doubt, 2);
  EXPECT_EQ(stats.open_keys.max_bytes, 3);
  EXPECT_EQ(stats.waiters, 4);
  EXPECT_EQ(stats.calls_in_flight, 5);
  ASSERT_EQ(stats.namespaces.size(), 1u);
  EXPECT_EQ(stats.namespaces[0].begins.at("acquired"), 6);
  EXPECT_EQ(stats.namespaces[0].takeovers, 7);
  EXPECT_EQ(stats.storage.at("rocksdb_level0_files"), 1.5);
  EXPECT_FALSE(stats.last_backup.has_value());
  response.mutable_last_backup()->set_id(8);
  EXPECT_EQ(ToStats(response).last_backup->id, 8);
}

TEST(AdminWireTest, ABackupSaysWhatWasMade) {
  v1::CreateBackupResponse response;
  response.mutable_backup()->set_id(2);
  response.mutable_backup()->set_size_bytes(100);
  response.set_copied_bytes(10);
  response.mutable_duration()->set_nanos(5);
  response.set_backups_kept(2);
  const CreatedBackup made = ToCreatedBackup(response);
  EXPECT_EQ(made.backup.id, 2);
  EXPECT_EQ(made.backup.size_bytes, 100);
  EXPECT_EQ(made.copied_bytes, 10);
  EXPECT_EQ(made.duration, 5ns);
  EXPECT_EQ(made.backups_kept, 2);
}

}  // namespace
}  // namespace semel
