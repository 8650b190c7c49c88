package semel

import (
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// Recorded says what was recorded of a report.
type Recorded struct {
	Completed
	// This result could not be stored as it is, because it was too large or the server refused a field of it: duplicates are told
	// Result.Omitted.
	Omitted bool
	// What the server refused of the report, by which rule, and what the record lacks for it, for people. Empty: all is recorded.
	Refused string
	// The fields that the record lacks, for programs: retention (the namespace's default counts), result.payload,
	// result.content_type, result.attributes, failure.reason (it has one in UPPER_SNAKE_CASE instead), failure.message,
	// failure.details, failure.retry_after (none counts).
	LeftOut []string

	ending Ending // as it was recorded
}

const (
	fieldRetention   = "retention"
	fieldPayload     = "result.payload"
	fieldContentType = "result.content_type"
	fieldAttributes  = "result.attributes"
	fieldReason      = "failure.reason"
	fieldMessage     = "failure.message"
	fieldDetails     = "failure.details"
	fieldRetryAfter  = "failure.retry_after"
)

// report is what is told of an effect. Where the server refuses a part of it, less is told, but told: without a record the effect would
// happen again.
type report struct {
	ending    Ending
	retention *time.Duration
}

// completeOrLess completes with the report, or with as much of it as the server takes. `complete` makes one Complete, with all its tries.
// Where even the least is refused, the error is the refusal of the whole report.
func completeOrLess(full report, complete func(report) (*Completed, error)) (*Recorded, error) {
	told := full
	completed, first := complete(told)
	err := first
	recorded := &Recorded{}
	var refused []string
	// Ends: every round takes something away.
	for isRefused(err) {
		lesser, taken := told.without(err)
		if len(taken) == 0 {
			return nil, first
		}
		refused = append(refused, refusalText(err, lesser, taken))
		recorded.LeftOut = append(recorded.LeftOut, taken...)
		told = lesser
		completed, err = complete(told)
	}
	if err != nil {
		return nil, err
	}
	recorded.Completed = *completed
	recorded.Omitted = told.isOmitted() && !full.isOmitted()
	recorded.Refused = strings.Join(refused, "; ")
	recorded.ending = told.ending
	return recorded, nil
}

func isRefused(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Code == codes.InvalidArgument
}

func (r report) isOmitted() bool {
	result, ok := r.ending.(Result)
	return ok && result.Omitted
}

// without answers the report without what the refusal names and, where it names nothing that can be spared, without all that is more than
// how the attempt ended: no report is made twice. And the fields that were taken.
func (r report) without(err error) (report, []string) {
	var refusal *Error
	errors.As(err, &refusal)
	lesser, taken := r.withoutNamed(refusal)
	if len(taken) == 0 {
		lesser, taken = r.withoutAllThatCanBeSpared()
	}
	return lesser, taken
}

func (r report) withoutNamed(refusal *Error) (report, []string) {
	named := func(field string) bool {
		return slices.ContainsFunc(refusal.Violations, func(v FieldViolation) bool { return v.Field == field })
	}
	var taken fieldNames
	if named(fieldRetention) {
		r.takeRetention(&taken)
	}
	switch ending := r.ending.(type) {
	case Result:
		describes := func(v FieldViolation) bool { return strings.HasPrefix(v.Field, "result.") && v.Field != fieldPayload }
		if slices.ContainsFunc(refusal.Violations, describes) {
			takeAll(&ending, &taken)
		}
		if named(fieldPayload) || refusal.Reason == ErrResultTooLarge {
			takePayload(&ending, &taken)
		}
		r.ending = ending
	case Failure:
		if named(fieldReason) {
			mendReason(&ending, &taken)
		}
		if named(fieldMessage) {
			taken.take(fieldMessage, ending.Message != "", func() { ending.Message = "" })
		}
		if named(fieldDetails) {
			taken.take(fieldDetails, len(ending.Details) > 0, func() { ending.Details = nil })
		}
		if named(fieldRetryAfter) {
			taken.take(fieldRetryAfter, ending.RetryAfter != 0, func() { ending.RetryAfter = 0 })
		}
		r.ending = ending
	}
	return r, taken
}

func (r report) withoutAllThatCanBeSpared() (report, []string) {
	var taken fieldNames
	r.takeRetention(&taken)
	switch ending := r.ending.(type) {
	case Result:
		takeAll(&ending, &taken)
		r.ending = ending
	case Failure:
		mendReason(&ending, &taken)
		taken.take(fieldDetails, len(ending.Details) > 0, func() { ending.Details = nil })
		taken.take(fieldRetryAfter, ending.RetryAfter != 0, func() { ending.RetryAfter = 0 })
		r.ending = ending
	}
	return r, taken
}

func (r *report) takeRetention(taken *fieldNames) {
	taken.take(fieldRetention, r.retention != nil, func() { r.retention = nil })
}

func takePayload(result *Result, taken *fieldNames) {
	taken.take(fieldPayload, !result.Omitted || len(result.Payload) > 0, func() { result.Payload, result.Omitted = nil, true })
}

// The payload goes with what says how to read it: without that, it might be taken for something else.
func takeAll(result *Result, taken *fieldNames) {
	takePayload(result, taken)
	taken.take(fieldContentType, result.ContentType != "", func() { result.ContentType = "" })
	taken.take(fieldAttributes, len(result.Attributes) > 0, func() { result.Attributes = nil })
}

// A failure needs a reason: without one it would not be recorded at all, and the effect would be tried again.
func mendReason(failure *Failure, taken *fieldNames) {
	mended := mendedReason(failure.Reason)
	taken.take(fieldReason, mended != failure.Reason, func() { failure.Reason = mended })
}

type fieldNames []string

func (n *fieldNames) take(name string, isThere bool, remove func()) {
	if isThere {
		remove()
		*n = append(*n, name)
	}
}

// refusalText is for people.
func refusalText(err error, lesser report, taken []string) string {
	var refusal *Error
	errors.As(err, &refusal)
	rules := refusal.Message
	if len(refusal.Violations) > 0 {
		texts := make([]string, len(refusal.Violations))
		for i, violation := range refusal.Violations {
			texts[i] = violation.Field + ": " + violation.Description
		}
		rules = strings.Join(texts, "; ")
	}
	text := rules + " (recorded without " + strings.Join(taken, ", ")
	if failure, ok := lesser.ending.(Failure); ok && slices.Contains(taken, fieldReason) {
		text += "; as " + failure.Reason
	}
	return text + ")"
}
