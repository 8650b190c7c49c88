#include "server/unreadable_watch.h"

#include <string>

namespace semel {

void UnreadableWatch::Look(Clock::time_point now) {
  if (told_at_ && now - *told_at_ < kPace) return;
  const engine::UnreadableRecords::Seen seen = unreadable_.seen();
  if (seen.operations == told_) return;
  log_.Log(ops::LogLevel::kError, "what is stored for a key cannot be read: it was refused, other keys are served",
           {{"operations", seen.operations - told_}, {"reason", std::string(seen.last.message())}});
  told_ = seen.operations;
  told_at_ = now;
}

}  // namespace semel
