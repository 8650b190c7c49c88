#include "client/demo/reply_frames.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace semel::demo {
namespace {

std::string Frame(uint8_t type, const std::string& payload) {
  std::string frame = {static_cast<char>(payload.size() >> 16),
                       static_cast<char>(payload.size() >> 8),
                       static_cast<char>(payload.size()),
                       static_cast<char>(type),
                       0,
                       0,
                       0,
                       0,
                       1};
  return frame + payload;
}

constexpr uint8_t kData = 0;
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kSettings = 4;

// What is passed on up to the first reply, where the bytes come in chunks of this size.
std::string PassedBeforeFirstReply(const std::string& bytes, size_t chunk, bool& found) {
  ReplyFrames frames;
  std::string passed;
  for (size_t begin = 0; begin < bytes.size(); begin += chunk) {
    std::string_view received = std::string_view(bytes).substr(begin, chunk);
    found = frames.Next(received, passed);
    if (found) return passed;
  }
  return passed;
}

TEST(ReplyFramesTest, FindsTheFirstReplyHoweverTheBytesCome) {
  const std::string before = Frame(kSettings, "123456") + Frame(kSettings, "") + Frame(kData, std::string(70'000, 'x'));
  const std::string all = before + Frame(kHeaders, "headers") + Frame(kData, "data");
  for (const size_t chunk : {size_t{1}, size_t{2}, size_t{8}, size_t{9}, size_t{10}, size_t{1000}, all.size()}) {
    bool found = false;
    EXPECT_EQ(PassedBeforeFirstReply(all, chunk, found), before);
    EXPECT_TRUE(found);
  }
}

TEST(ReplyFramesTest, WhatIsNotLostGoesOnUnchanged) {
  const std::string all = Frame(kSettings, "") + Frame(kHeaders, "one") + Frame(kData, "data") +
                          Frame(kHeaders, "two") + Frame(kHeaders, "three");
  for (size_t chunk = 1; chunk <= all.size(); ++chunk) {
    ReplyFrames frames;
    std::string passed;
    int replies = 0;
    for (size_t begin = 0; begin < all.size(); begin += chunk) {
      std::string_view received = std::string_view(all).substr(begin, chunk);
      while (frames.Next(received, passed)) ++replies;
    }
    EXPECT_EQ(passed, all);
    EXPECT_EQ(replies, 3);
  }
}

// A message of a stream, as gRPC frames it.
std::string Message(const std::string& bytes) {
  return std::string("\0\0\0", 3) + static_cast<char>(bytes.size() >> 8) + static_cast<char>(bytes.size()) + bytes;
}

TEST(ReplyFramesTest, OnAStreamEveryMessageAfterTheFirstIsAReply) {
  const std::string two_frames = Message(std::string(600, 'x'));
  const std::string all = Frame(kHeaders, "") + Frame(kData, Message("limits")) + Frame(kData, Message("second")) +
                          Frame(kData, two_frames.substr(0, 300)) + Frame(kData, two_frames.substr(300)) +
                          Frame(kData, Message("fourth") + Message("with it")) + Frame(kHeaders, "trailers");
  for (const size_t chunk : {size_t{1}, size_t{3}, size_t{9}, size_t{100}, all.size()}) {
    ReplyFrames frames;
    std::string passed;
    int replies = 0;
    for (size_t begin = 0; begin < all.size(); begin += chunk) {
      std::string_view received = std::string_view(all).substr(begin, chunk);
      while (frames.Next(received, passed)) ++replies;
    }
    EXPECT_EQ(passed, all);
    EXPECT_EQ(replies, 5);
  }
}

}  // namespace
}  // namespace semel::demo
