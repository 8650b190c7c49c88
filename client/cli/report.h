// What the CLI prints: answers to standard output, advice and errors to standard error.

#ifndef SEMEL_CLIENT_CLI_REPORT_H_
#define SEMEL_CLIENT_CLI_REPORT_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/cli/facts.h"
#include "semel/admin_client.h"
#include "semel/answer.h"
#include "semel/options.h"

namespace semel::cli {

Facts FactsOf(const BeginAnswer& answer);
Facts FactsOf(const Completed& completed);
Facts FactsOf(const Record& record);
Facts FactsOf(const ListedKey& key);
Facts FactsOf(const Resolved& resolved);
Facts FactsOf(const CreatedBackup& created);

// For example "abandoned".
std::string_view NameOf(Previous previous);
std::string_view NameOf(State state);

// What a person does next.
std::string AdviceOn(const BeginAnswer& answer, const std::string& key);

// The reason, the message and what to do, over several lines; ends with a newline. `tls`: what the call was made with.
std::string Explain(const absl::Status& error, const std::optional<Tls>& tls);
Facts FactsOf(const absl::Status& error, const std::optional<Tls>& tls);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_REPORT_H_
