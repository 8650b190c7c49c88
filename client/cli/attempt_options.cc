#include "client/cli/attempt_options.h"

#include "client/cli/value_checks.h"

namespace semel::cli {

void AddAttemptOptions(CLI::App& command, const std::string& key_name, AttemptOptions& attempt) {
  command.add_option(key_name, attempt.key, "The key that was begun (default: SEMEL_KEY, which semel run sets)")
      ->envname("SEMEL_KEY")
      ->type_name("KEY")
      ->required();
  command
      .add_option("--token", attempt.token, "The token that begin printed (default: SEMEL_TOKEN, which semel run sets)")
      ->envname("SEMEL_TOKEN")
      ->type_name("TOKEN")
      ->required()
      ->check(WholeNumber(1));
}

}  // namespace semel::cli
