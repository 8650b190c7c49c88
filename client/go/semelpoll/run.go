package semelpoll

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
)

// run processes a record that is acquired, and reports what became of it. No error: the effect is done, and recorded.
func (r *round[R]) run(t *task[R]) error {
	defer t.lease.Abandon() // where it did not end, it is left to lapse
	ctx, cancel := t.lease.Context(r.handlers)
	defer cancel()
	attempt := t.lease.Attempt()
	result, err := r.config.Handle(semel.ContextWithAttempt(ctx, attempt), t.record, attempt)
	if err == nil {
		_, err := r.report(t, result)
		return err
	}
	switch verdict := r.config.ErrorPolicy(err, attempt).(type) {
	case semel.Failure:
		return r.fail(t, verdict, err)
	case semel.GiveBack:
		r.giveBack(t)
		return err
	}
	return openBy(ctx, err)
}

// openBy: nobody knows what happened, and nothing is reported.
func openBy(ctx context.Context, err error) error {
	var lost *semel.LeaseLostError
	if errors.As(context.Cause(ctx), &lost) && errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", lost, err)
	}
	return err
}

func (r *round[R]) fail(t *task[R], failure semel.Failure, err error) error {
	recorded, unrecorded := r.report(t, failure)
	if unrecorded != nil {
		return fmt.Errorf("%w: %w", unrecorded, err)
	}
	failed := &semel.EffectFailedError{Key: t.key, Failure: failure, Attempt: t.lease.Number(), Refused: recorded.Refused,
		LeftOut: recorded.LeftOut}
	failed.Failure.Retryable = failure.Retryable && !recorded.MadeFinal
	if failed.Failure.Retryable {
		failed.RetryAfter = failure.RetryAfter
	}
	return fmt.Errorf("%w: %w", failed, err)
}

// report records how an attempt ended. The effect has happened: while the service is away, it goes on trying for as long as the loop does.
func (r *round[R]) report(t *task[R], ending semel.Ending) (*semel.Recorded, error) {
	for {
		recorded, err := r.reports.report(semel.LeaseEnding{Lease: t.lease, Ending: ending, Options: r.config.completeOptions()})
		if err == nil {
			return recorded, nil
		}
		if r.ctx.Err() == nil && mayPass(err) {
			r.config.Logger.WarnContext(r.ctx, "semelpoll: a record was processed, and the service does not take the report; trying on",
				"key", t.key, "error", err)
			continue
		}
		r.config.Logger.ErrorContext(r.ctx, "semelpoll: a record was processed, and that is not recorded", "key", t.key, "error", err)
		var lost *semel.LeaseLostError
		if errors.As(err, &lost) {
			return nil, lost
		}
		return nil, &semel.NotRecordedError{Key: t.key, Token: t.lease.Token(), Attempt: t.lease.Number(), Err: err}
	}
}

// mayPass: each report takes its time before it answers so, and so this is no tight loop.
func mayPass(err error) bool {
	var told *semel.Error
	if !errors.As(err, &told) || errors.Is(err, semel.ErrClosed) {
		return false
	}
	return told.Code == codes.Unavailable || told.Code == codes.DeadlineExceeded
}
