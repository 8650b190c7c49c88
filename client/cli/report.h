// What the CLI prints: answers to standard output, advice and errors to standard error.

#ifndef SEMEL_CLIENT_CLI_REPORT_H_
#define SEMEL_CLIENT_CLI_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/facts.h"
#include "semel/answer.h"

namespace semel::cli {

Facts FactsOf(const BeginAnswer& answer);
Facts FactsOf(const Completed& completed);
Facts FactsOf(const Record& record);

// What a person does next.
std::string AdviceOn(const BeginAnswer& answer, const std::string& key);

// The reason, the message and what to do, over several lines; ends with a newline.
std::string Explain(const absl::Status& error);
Facts FactsOf(const absl::Status& error);

}  // namespace semel::cli

#endif  // SEMEL_CLIENT_CLI_REPORT_H_
