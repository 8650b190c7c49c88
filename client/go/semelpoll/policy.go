package semelpoll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
)

// An Action is what a [Loop] does about a record that is not settled.
type Action int

// What may be done about a record.
const (
	// Again asks once more, after a pause; the poll is not committed before.
	Again Action = iota + 1
	// Skip lets the record go: it is committed with the poll.
	Skip
	// Stop ends the loop with a *[StoppedError]. Nothing of the poll is committed; what was done of it will be skipped the next time.
	Stop
)

// A Policy decides what is done about a record that could not be settled, and why not:
//
//	*semel.AlreadyRunningError       another consumer is at it
//	*semel.EffectFailedError         an attempt failed, this one or (Replayed) an earlier one; Failure.Retryable: for now
//	*semel.InDoubtError              nobody knows whether it was done
//	*semel.ExpiredError              it was done or failed long ago
//	*semel.FingerprintMismatchError  the key stands for another record
//	*semel.LeaseLostError            it ran, and another consumer took over
//	*semel.NotRecordedError          it ran and failed, and the service does not take the report
//	*semel.Error                     the service gave no answer, or refused
//	any other                        Handle's own: it ran, and left open what happened, or gave the key back
//
// It is not asked about a record whose effect has happened and could not be recorded: that one is settled, with an error in the log.
//
// It is also the place to hand a record to a dead-letter queue, before it answers Skip. asked counts from 1. Called by many goroutines at
// once.
type Policy[R any] func(ctx context.Context, record R, err error, asked int) Action

// DefaultPolicy skips what is over (failed for good, expired), stops where a person is needed (in doubt, a fingerprint that differs, a request
// or a report that the service refuses) or the Client was closed, and asks again about everything else, for as long as it takes.
func DefaultPolicy[R any](_ context.Context, _ R, err error, _ int) Action {
	var failed *semel.EffectFailedError
	var expired *semel.ExpiredError
	var doubt *semel.InDoubtError
	var mismatch *semel.FingerprintMismatchError
	var lost *semel.LeaseLostError
	var told *semel.Error
	switch {
	case errors.As(err, &expired):
		return Skip
	case errors.As(err, &failed):
		if failed.Failure.Retryable {
			return Again
		}
		return Skip
	case errors.As(err, &doubt), errors.As(err, &mismatch), errors.Is(err, semel.ErrClosed):
		return Stop
	case errors.As(err, &lost):
		return Again
	case errors.As(err, &told) && willNotPass(told.Code):
		return Stop
	}
	return Again
}

func willNotPass(code codes.Code) bool {
	switch code {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.Internal:
		return true
	}
	return false
}

// A StoppedError says which record ended a loop.
type StoppedError struct {
	// Of the record; empty where it has none.
	Key string
	// Why: as [Policy] names them.
	Err error
}

// Error is for people.
func (e *StoppedError) Error() string {
	return fmt.Sprintf("semelpoll: stopped at the record %.255q: %v", e.Key, e.Err)
}

// Unwrap answers why.
func (e *StoppedError) Unwrap() error { return e.Err }

const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 30 * time.Second
)

// pauseAfter is how long to wait before asking again.
func pauseAfter(err error) time.Duration {
	var running *semel.AlreadyRunningError
	var failed *semel.EffectFailedError
	var told *semel.Error
	pause := time.Duration(0)
	switch {
	case errors.As(err, &running):
		pause = running.RetryAfter
	case errors.As(err, &failed):
		pause = failed.RetryAfter
	case errors.As(err, &told):
		pause = told.RetryDelay
	}
	return min(max(pause, shortestPause), longestPause)
}
