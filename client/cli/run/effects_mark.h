// Declares, after a while, that the command's effects began, beside the command and without touching the checkpoint that it
// may have saved meanwhile.

#ifndef SEMEL_CLIENT_CLI_RUN_EFFECTS_MARK_H_
#define SEMEL_CLIENT_CLI_RUN_EFFECTS_MARK_H_

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "semel/client.h"

namespace semel::cli {

class EffectsMark {
 public:
  // Tries again, also where the server refuses, until it has it, the attempt is over, or End.
  EffectsMark(Client& client, Attempt& attempt, std::string checkpoint_file, Duration after);

  // Before the others are asked.
  void End();
  // Whether `after` was over, and the effects had begun.
  bool due() const { return due_; }
  // Whether the server said that it knows.
  bool declared() const { return declared_; }
  // Why the server did not want to know, where it answered and the attempt was not over; otherwise OK.
  const absl::Status& refusal() const { return refusal_; }

 private:
  void Declare(Client& client, Attempt& attempt, const std::string& checkpoint_file, const std::stop_token& stop);

  // Written by thread_, read after its end.
  bool due_ = false;
  bool declared_ = false;
  absl::Status refusal_;
  std::jthread thread_;
};

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_RUN_EFFECTS_MARK_H_
