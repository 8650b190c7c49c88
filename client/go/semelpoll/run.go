package semelpoll

import (
	"context"
	"errors"
	"fmt"

	semel "semel.dev/go"
)

// run processes a record that is acquired, and reports what became of it. No error: the effect is done.
func (r *round[R]) run(t *task[R]) error {
	defer t.lease.Abandon() // where it did not end, it is left to lapse
	ctx, cancel := t.lease.Context(r.handlers)
	defer cancel()
	attempt := t.lease.Attempt()
	result, err := r.config.Handle(semel.ContextWithAttempt(ctx, attempt), t.record, attempt)
	if err == nil {
		return r.succeed(t, result)
	}
	switch verdict := t.lease.VerdictOn(ctx, err, r.config.ErrorPolicy).(type) {
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
	_, isSaid := semel.VerdictOf(err)
	if errors.As(context.Cause(ctx), &lost) && (!isSaid || errors.Is(err, context.Canceled)) {
		return fmt.Errorf("%w: %w", lost, err)
	}
	return err
}

// succeed: the effect has happened. Where that cannot be recorded the record is settled all the same: delivered again, it would be processed
// again.
func (r *round[R]) succeed(t *task[R], result semel.Result) error {
	_, err := r.report(t, result)
	var unrecorded *semel.NotRecordedError
	if errors.As(err, &unrecorded) {
		r.config.Logger.ErrorContext(r.ctx, "semelpoll: a record was processed, and that is not recorded; it counts as settled", "key", t.key,
			"error", err)
		return nil
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

// report records how an attempt ended, or says why it cannot: that takes up to twice the Client's complete timeout.
func (r *round[R]) report(t *task[R], ending semel.Ending) (*semel.Recorded, error) {
	recorded, err := r.reports.report(semel.LeaseEnding{Lease: t.lease, Ending: ending, Options: r.config.completeOptions()})
	var lost *semel.LeaseLostError
	switch {
	case err == nil:
		return recorded, nil
	case errors.As(err, &lost):
		return nil, lost
	}
	return nil, &semel.NotRecordedError{Key: t.key, Token: t.lease.Token(), Attempt: t.lease.Number(), Ending: ending, Err: err}
}
