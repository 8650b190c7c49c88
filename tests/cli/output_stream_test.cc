// Where the command's output goes may be shared with others, who know nothing of us.

#include "client/cli/run/output_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/run_fixture.h"

namespace semel::cli {
namespace {

using Pipe = std::array<int, 2>;

class SharedPipeTest : public testing::Test {
 protected:
  SharedPipeTest() {
    if (pipe(source_.data()) != 0 || pipe(shared_.data()) != 0) std::abort();
  }
  ~SharedPipeTest() override {
    for (const Pipe& pipe : {source_, shared_}) {
      close(pipe[0]);
      close(pipe[1]);
    }
  }

  // As another writer does, who is not told of us.
  void FillShared() {
    pollfd room{.fd = shared_[1], .events = POLLOUT};
    const std::string page(4096, 'x');
    while (poll(&room, 1, 0) == 1) ASSERT_GT(write(shared_[1], page.data(), page.size()), 0);
  }
  // False: nothing was there.
  bool ReadShared(std::string& text) {
    pollfd there{.fd = shared_[0], .events = POLLIN};
    if (poll(&there, 1, 0) != 1) return false;
    char chunk[4096];
    const ssize_t count = read(shared_[0], chunk, sizeof(chunk));
    if (count > 0) text.append(chunk, static_cast<size_t>(count));
    return count > 0;
  }

  Pipe source_{};
  Pipe shared_{};
};

TEST_F(SharedPipeTest, RoomThatAnotherWriterTookIsNotWaitedFor) {
  OutputStream stream(source_[0], shared_[1], 1024);
  ASSERT_EQ(write(source_[1], "ours", 4), 4);
  stream.Read();
  FillShared();  // between poll, which saw room, and Write

  std::future<void> written = std::async(std::launch::async, [&] { stream.Write(); });
  const bool waited = written.wait_until(std::chrono::steady_clock::now() + 30s) != std::future_status::ready;
  EXPECT_FALSE(waited);
  std::string seen;
  while (ReadShared(seen)) {
  }  // lets a write that waits go on
  written.get();
  EXPECT_EQ(seen.find("ours"), std::string::npos);
  ASSERT_TRUE(stream.WantsToWrite());

  stream.Flush();
  seen.clear();
  ReadShared(seen);
  EXPECT_EQ(seen, "ours");
  // The others' file is as it was.
  EXPECT_EQ(fcntl(shared_[1], F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace semel::cli
