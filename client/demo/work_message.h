// What the shop and its workers say to each other, one JSON object a line.

#ifndef SEMEL_CLIENT_DEMO_WORK_MESSAGE_H_
#define SEMEL_CLIENT_DEMO_WORK_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/demo/order_stream.h"

namespace semel::demo {

// Where a worker stands still, so that the shop can kill or stop it at that very moment.
enum class Hold { kNone, kBeforeEffect, kAfterEffect, kUntilResumed };

// Shop to worker: place this order; or, with `resume`, go on with the one that is held.
struct Job {
  int request = 0;
  Hold hold = Hold::kNone;
  bool resume = false;
  std::optional<Order> order;  // absent with `resume`
};

// Worker to shop.
struct Report {
  enum class What {
    kHolding,      // stands still where it was told to
    kPlaced,       // placed it just now
    kFoundPlaced,  // took over from an owner that fell silent, and found the order in the ledger
    kReplayed,     // it was placed before: the record has the result
    kRefused,      // this order number stands for another order
    kInProgress,   // another worker is at it
    kInDoubt,      // nobody knows whether it was placed
    kFenced,       // lost its lease meanwhile; the ledger refused its token
    kNotPlaced,    // nothing happened, try again
    kNoAnswer,     // the service could not be reached for too long
  };
  int request = 0;
  What what = What::kNoAnswer;
  bool took_over = false;  // from an owner that fell silent
  std::string text;        // the result, or what went wrong
  std::string checkpoint;  // kInDoubt: what the owner that fell silent left behind
};

std::string ToLine(const Job& job);
std::string ToLine(const Report& report);
absl::StatusOr<Job> ParseJob(const std::string& line);
absl::StatusOr<Report> ParseReport(const std::string& line);

// What a worker leaves behind before it charges a card: enough to settle the order, should it be the last that is heard of it.
struct CardCheckpoint {
  std::string worker;
  int64_t token = 0;
};
std::string ToText(const CardCheckpoint& checkpoint);
absl::StatusOr<CardCheckpoint> ParseCardCheckpoint(const std::string& text);

}  // namespace semel::demo

#endif  // SEMEL_CLIENT_DEMO_WORK_MESSAGE_H_
