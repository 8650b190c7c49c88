// What the server acknowledged for keys that one worker alone uses, and the check that a restart took none of it back.

#ifndef SEMEL_TESTS_CRASH_TESTIMONY_H_
#define SEMEL_TESTS_CRASH_TESTIMONY_H_

#include <cstdint>
#include <string>

#include "tests/support/caller.h"

namespace semel::crash {

// One key of one worker: the last thing that was acknowledged, and the call whose answer never came, if there is one.
struct Testimony {
  enum class Said { kNothing, kBegun, kCheckpointed, kReleased, kDone };

  std::string key;
  v1::BeginRequest begin;
  int64_t token = 0;  // 0: no Begin was acknowledged
  Said said = Said::kNothing;
  std::string checkpoint;  // the last one that was acknowledged
  std::string payload;     // of the result

  enum class Unanswered { kNothing, kBegin, kCheckpoint, kRelease, kComplete };
  Unanswered unanswered = Unanswered::kNothing;
  std::string unanswered_bytes;  // the checkpoint or payload of that call
};

// Fails the test where the server contradicts. Changes nothing.
void CheckStillThere(const support::Caller& caller, const Testimony& testimony);

// Repeats what was acknowledged and what was not answered, as a client would after a lost reply, and checks that the answers
// are those of the first time. Brings the testimony up to date.
void RepeatCalls(const support::Caller& caller, Testimony& testimony);

}  // namespace semel::crash

#endif  // SEMEL_TESTS_CRASH_TESTIMONY_H_
