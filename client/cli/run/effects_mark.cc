#include "client/cli/run/effects_mark.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "client/cli/run/checkpoint_file.h"

namespace semel::cli {
namespace {

constexpr std::chrono::seconds kPauseAfterError{1};

// True when the mark is not wanted any more.
bool StoppedWithin(Duration pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
  return stop.stop_requested();
}

absl::Status TryToDeclare(Client& client, Attempt& attempt, const std::string& checkpoint_file) {
  const CheckpointLock lock(checkpoint_file);
  const absl::StatusOr<std::optional<Record>> record = client.Lookup(attempt.key());
  if (!record.ok()) return record.status();
  if (!record->has_value()) return absl::NotFoundError("the key was released");
  return attempt.Checkpoint((*record)->checkpoint, /*effects_began=*/true);
}

bool IsNoAnswer(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status); }

}  // namespace

EffectsMark::EffectsMark(Client& client, Attempt& attempt, std::string checkpoint_file, Duration after)
    : thread_([this, &client, &attempt, file = std::move(checkpoint_file), after](const std::stop_token& stop) {
        if (StoppedWithin(after, stop)) return;
        due_ = true;
        Declare(client, attempt, file, stop);
      }) {}

void EffectsMark::Declare(Client& client, Attempt& attempt, const std::string& checkpoint_file,
                          const std::stop_token& stop) {
  while (!attempt.lost()) {
    const absl::Status told = TryToDeclare(client, attempt, checkpoint_file);
    declared_ = told.ok();
    refusal_ = IsNoAnswer(told) || AttemptIsOver(told) ? absl::OkStatus() : told;
    if (declared_ || AttemptIsOver(told) || StoppedWithin(kPauseAfterError, stop)) return;
  }
}

void EffectsMark::End() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace semel::cli
