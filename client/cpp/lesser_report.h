// What is reported of an effect when the server refuses a part of the report: less, but a record. Without one the effect would happen
// again.

#ifndef SEMEL_CLIENT_CPP_LESSER_REPORT_H_
#define SEMEL_CLIENT_CPP_LESSER_REPORT_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "semel/answer.h"
#include "semel/request.h"

namespace semel {

// Takes from the report what the refusal names and, where it names nothing that can be spared, all that is more than how the
// attempt ended: no report is made twice. Answers the fields that were taken; none: nothing is left to take.
std::vector<std::string> TakeWhatIsRefused(CompleteRequest& report, const absl::Status& refusal);

// Completes with the report, or with as much of it as the server takes: `report` is then what was recorded, and
// Completed::omitted and Completed::refused say what it lacks. `complete` makes one Complete, with all its tries.
// Errors: those of `complete`; kInvalidArgument where even the least was refused, with the refusal of the whole report.
absl::StatusOr<Completed> CompleteOrLess(CompleteRequest& report,
                                         absl::FunctionRef<absl::StatusOr<Completed>(const CompleteRequest&)> complete);

}  // namespace semel

#endif  // SEMEL_CLIENT_CPP_LESSER_REPORT_H_
