package semel

import (
	"fmt"
	"time"
)

// An AlreadyRunningError says that another attempt owns the key, or still did after [WithWait]. The function was not called.
type AlreadyRunningError struct {
	Key string
	// What the other attempt's owner calls itself.
	Owner string
	// Number of the other attempt.
	Attempt int
	// Time until its lease lapses, unless it is renewed.
	LeaseRemaining time.Duration
	// When it makes sense to ask again.
	RetryAfter time.Duration
}

// Error is for people.
func (e *AlreadyRunningError) Error() string {
	return fmt.Sprintf("semel: %s: already running: attempt %d of %s, ask again in %v", e.Key, e.Attempt, e.Owner, e.RetryAfter)
}

// An InDoubtError says that nobody knows whether the side effect happened; see [InDoubt]. The function was not called. A person, or a
// program that can find out, has to resolve the key.
type InDoubtError struct {
	Key string
	// What the owner that fell silent called itself.
	Owner string
	// When its lease lapsed, by the server's clock.
	Since time.Time
	// Its last checkpoint; may be empty.
	Checkpoint []byte
}

// Error is for people.
func (e *InDoubtError) Error() string {
	return fmt.Sprintf("semel: %s: in doubt: %s fell silent at %s; find out whether its effect happened, and resolve the key",
		e.Key, e.Owner, e.Since.Format(time.RFC3339))
}

// An ExpiredError says that the effect ended long ago and its outcome is no longer stored. The function was not called.
type ExpiredError struct {
	Key string
	// When the outcome was reported, by the server's clock.
	CompleteTime time.Time
}

// Error is for people.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("semel: %s: done or failed at %s, and the outcome is no longer stored", e.Key, e.CompleteTime.Format(time.RFC3339))
}

// A FingerprintMismatchError says that the key stands for another request. The function was not called.
type FingerprintMismatchError struct {
	Key string
	// As the server said it.
	Err *Error
}

// Error is for people.
func (e *FingerprintMismatchError) Error() string {
	return fmt.Sprintf("semel: %s: the key stands for another request (its fingerprint differs): use another key", e.Key)
}

// Unwrap answers the server's error.
func (e *FingerprintMismatchError) Unwrap() error { return e.Err }

// An EffectFailedError says that an attempt reported a failure: this one (Replayed is false, and Unwrap answers the function's error)
// or an earlier one.
type EffectFailedError struct {
	Key string
	// What is stored. Of this attempt: what was reported, Retryable as it counts now.
	Failure Failure
	// Number of the attempt that failed.
	Attempt int
	// Retryable failures: time until another attempt may run.
	RetryAfter time.Duration
	// The failure is an earlier attempt's; the function was not called.
	Replayed bool
	// Of this attempt: what the server refused of the report, for people. Empty: all is recorded.
	Refused string
	// Of this attempt: the fields that the record lacks, for programs.
	LeftOut []string

	err error
}

// Error is for people.
func (e *EffectFailedError) Error() string {
	kind := "failed for good"
	if e.Failure.Retryable {
		kind = fmt.Sprintf("failed, may be tried again in %v", e.RetryAfter)
	}
	text := fmt.Sprintf("semel: %s: attempt %d %s: %s", e.Key, e.Attempt, kind, e.Failure.Reason)
	if e.Failure.Message != "" {
		text += ": " + e.Failure.Message
	}
	return text
}

// Unwrap answers the function's own error; nil where the failure is replayed.
func (e *EffectFailedError) Unwrap() error { return e.err }

// A LeaseLostError says that the lease was lost while the work went on: another attempt took over, or may have.
//
// It is the cause of the function's context when that is cancelled for it (context.Cause), and the error of Run, Do and of a [Lease]
// where the outcome could not be recorded for it.
type LeaseLostError struct {
	Key   string
	Token int64
	// Another attempt owns or owned the key: the outcome was not recorded, and will not be. False: the lease went by without a
	// renewal, or the Client was closed.
	TakenOver bool
	// What was told: the server's error, or ErrClosed. May be nil.
	Err error

	fnErr error
}

// Error is for people.
func (e *LeaseLostError) Error() string {
	text := fmt.Sprintf("semel: %s: the lease of token %d went by without a renewal, another attempt may take over", e.Key, e.Token)
	if e.TakenOver {
		text = fmt.Sprintf("semel: %s: the lease of token %d was lost while the work went on and another attempt took over, "+
			"so the outcome was not recorded", e.Key, e.Token)
	}
	return withErrors(text, e.Err, e.fnErr)
}

// Unwrap answers what was told, and the function's own error.
func (e *LeaseLostError) Unwrap() []error { return present(e.Err, e.fnErr) }

// A NotRecordedError says that the function had returned, but its outcome is not known to be recorded. A repeated Run runs the function
// again, unless the report arrived after all. [Client.Complete] may report it once more, while no other attempt acquired the key.
type NotRecordedError struct {
	Key     string
	Token   int64
	Attempt int
	// What was to be recorded: a Result (the effect has happened) or a Failure (it has not).
	Ending Ending
	// Why: mostly an *Error, whose FnRan is true.
	Err error

	fnErr error
}

// Error is for people.
func (e *NotRecordedError) Error() string {
	what := "ended"
	switch ending := e.Ending.(type) {
	case Result:
		what = "was done"
	case Failure:
		what = fmt.Sprintf("failed (%s)", shown(ending.Reason))
	}
	text := fmt.Sprintf("semel: %s: the work of attempt %d %s, but that is not known to be recorded", e.Key, e.Attempt, what)
	return withErrors(text, e.Err, e.fnErr)
}

// Unwrap answers why, and the function's own error.
func (e *NotRecordedError) Unwrap() []error { return present(e.Err, e.fnErr) }

// A DecodeError says that the effect is done, but its stored result cannot be turned into the value that was asked for.
type DecodeError struct {
	Key         string
	ContentType string
	Err         error
}

// Error is for people.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("semel: %s: done, but its result of type %q cannot be decoded: %v", e.Key, e.ContentType, e.Err)
}

// Unwrap answers the codec's error.
func (e *DecodeError) Unwrap() error { return e.Err }

func present(errs ...error) []error {
	var kept []error
	for _, err := range errs {
		if err != nil {
			kept = append(kept, err)
		}
	}
	return kept
}

func withErrors(text string, errs ...error) string {
	for _, err := range present(errs...) {
		text += ": " + err.Error()
	}
	return text
}
