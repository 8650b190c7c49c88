package semel

import (
	"context"
	"errors"
	"fmt"
)

// Run does an effect once: it begins the key, calls fn if the key is acquired, keeps the lease alive until fn returns, and completes with
// what fn returned. Everyone who asks for the key later, or elsewhere, gets the stored value, and fn is not called.
//
//	receipt, err := semel.Run(ctx, client, "order/17", func(ctx context.Context, a *semel.Attempt) (Receipt, error) {
//		return bank.Charge(ctx, order, a.Token())
//	})
//
// fn
//   - returns a value when the effect happened; the [Codec] stores it, a [Result] is stored as it is;
//   - returns an error otherwise: [Final], [Retryable] and [WithVerdict] say themselves what they mean, and the [ErrorPolicy] says it of
//     others: by default they are recorded as retryable failures, but for those that leave open whether the effect happened: nothing is
//     reported then, and under any policy nothing is where fn's context has ended, because what was cut off may have happened;
//   - may look at [Attempt.Previous]: after PreviousAbandoned the effect may have happened already, in whole or in part;
//   - stops when its context is cancelled: the caller's was, or the lease was lost (context.Cause answers a *[LeaseLostError]);
//   - calls code that finds the attempt in that context, by [AttemptFrom].
//
// If fn panics, nothing is reported, the lease is left to lapse, and the panic goes on.
//
// Errors where fn was not called: *[AlreadyRunningError], *[InDoubtError], *[ExpiredError], *[FingerprintMismatchError],
// *[EffectFailedError] with Replayed, or one that wraps an *[Error] (the call is safe to repeat). Where fn was called: *[EffectFailedError],
// which wraps fn's error; fn's error itself where it leaves the outcome open or gave the key back; *[LeaseLostError]; *[NotRecordedError].
// *[DecodeError]: the effect is done, its value cannot be read; the outcome is there all the same.
func Run[T any](ctx context.Context, client *Client, key string, fn func(ctx context.Context, attempt *Attempt) (T, error),
	options ...RunOption) (*TypedOutcome[T], error) {
	if fn == nil {
		return nil, isNil("fn", theFunction)
	}
	var value T
	outcome, err := client.Do(ctx, key, func(ctx context.Context, attempt *Attempt) (any, error) {
		var err error
		value, err = fn(ctx, attempt)
		return value, err
	}, options...)
	if err != nil {
		return nil, err
	}
	typed := &TypedOutcome[T]{Outcome: *outcome, Value: value}
	if outcome.Replayed {
		err = outcome.Decode(&typed.Value)
	}
	return typed, err
}

// Do is [Run] without a type: [Outcome.Decode] reads the value, of this attempt as of an earlier one.
func (c *Client) Do(ctx context.Context, key string, fn func(ctx context.Context, attempt *Attempt) (any, error),
	options ...RunOption) (*Outcome, error) {
	switch {
	case c == nil:
		return nil, isNil("client", "the Client that semel.New answered")
	case fn == nil:
		return nil, isNil("fn", theFunction)
	}
	r := &run{client: c, key: key, fn: fn, settings: settingsOf(options), end: RunEnd{Answer: RunUnknown}}
	if r.settings.codec == nil {
		r.settings.codec = c.config.codec
	}
	if c.config.observer == nil {
		return r.do(ctx)
	}
	ctx, ended := c.config.observer.RunBegins(ctx, RunInfo{Namespace: c.namespaceOf(r.settings), Key: key})
	defer func() { ended(r.end) }() // also after a panic
	outcome, err := r.do(ctx)
	r.end.Err = err
	return outcome, err
}

const theFunction = "the function that does the effect"

func isNil(what, pass string) error {
	return refusedHere("Run", ErrFieldInvalid, FieldViolation{what, "is nil: pass " + pass})
}

// run is one Do on its way.
type run struct {
	client   *Client
	key      string
	fn       func(context.Context, *Attempt) (any, error)
	settings callSettings
	end      RunEnd
}

func (r *run) do(ctx context.Context) (*Outcome, error) {
	acquired, err := r.client.acquire(ctx, r.key, r.settings)
	if err != nil {
		return nil, r.notBegun(err)
	}
	lease, ok := acquired.(*Lease)
	if !ok {
		return r.notRun(acquired)
	}
	defer lease.Abandon() // where fn panics, the lease is left to lapse
	if err := ctx.Err(); err != nil {
		return nil, r.notWanted(ctx, lease, err)
	}
	r.end.Ran, r.end.Attempt, r.end.Previous = true, lease.Number(), lease.Previous()
	value, verdict, fnErr := r.callFn(ctx, lease)
	if fnErr != nil {
		return nil, r.settleError(ctx, lease, verdict, fnErr)
	}
	return r.settleValue(ctx, lease, value)
}

// callFn also answers what is to be reported of fn's error: that depends on whether fn's context has ended.
func (r *run) callFn(ctx context.Context, lease *Lease) (any, Verdict, error) {
	ctx, cancel := lease.Context(ctx)
	defer cancel()
	attempt := &Attempt{lease}
	value, err := r.fn(ContextWithAttempt(ctx, attempt), attempt)
	if err != nil {
		return nil, lease.VerdictOn(ctx, err, r.settings.policy), err
	}
	return value, nil, nil
}

// notBegun: the service gave no answer, or refused.
func (r *run) notBegun(err error) error {
	r.end.Answer = RunNotBegun
	var refused *Error
	if errors.As(err, &refused) && refused.Reason == ErrFingerprintMismatch {
		r.end.Answer = RunMismatch
		return &FingerprintMismatchError{Key: r.key, Err: refused}
	}
	return fmt.Errorf("semel: the work was not begun: %w", err)
}

// notWanted: the caller left while the key was being acquired. Nothing was done, so others need not wait for the lease to lapse.
func (r *run) notWanted(ctx context.Context, lease *Lease, why error) error {
	r.end.Answer = RunNotBegun
	r.giveBack(ctx, lease)
	return fmt.Errorf("semel: %s: the work was not begun: %w", r.key, why)
}

func (r *run) giveBack(ctx context.Context, lease *Lease) {
	if err := lease.Release(ctx); err != nil {
		// Left to lapse, which is what would have happened without it.
		r.client.config.logger.Warn("semel: the key was not given back", "key", r.key, "attempt", lease.Number(), "error", err)
	}
}

// notRun: another attempt's outcome, or the reason why there is none.
func (r *run) notRun(answer AcquireAnswer) (*Outcome, error) {
	switch a := answer.(type) {
	case *Done:
		r.end.Answer = RunDone
		return &Outcome{Key: r.key, Replayed: true, Result: a.Result, Omitted: a.Result.Omitted, ExpireTime: a.ExpireTime,
			codec: r.settings.codec}, nil
	case *Failed:
		r.end.Answer = RunFailed
		return nil, &EffectFailedError{Key: r.key, Failure: a.Failure, Attempt: a.Attempt, RetryAfter: a.RetryAfter, Replayed: true}
	case *InProgress:
		r.end.Answer = RunInProgress
		return nil, &AlreadyRunningError{Key: r.key, Owner: a.Owner, Attempt: a.Attempt, LeaseRemaining: a.LeaseRemaining,
			RetryAfter: a.RetryAfter}
	case *InDoubt:
		r.end.Answer = RunInDoubt
		return nil, &InDoubtError{Key: r.key, Owner: a.Owner, Since: a.Since, Checkpoint: a.Checkpoint}
	case *Expired:
		r.end.Answer = RunExpired
		return nil, &ExpiredError{Key: r.key, CompleteTime: a.CompleteTime}
	}
	return nil, notUnderstood("an answer to Begin")
}

// settleValue records that the effect happened.
func (r *run) settleValue(ctx context.Context, lease *Lease, value any) (*Outcome, error) {
	result, unencoded := r.resultOf(lease, value)
	recorded, err := lease.end(ctx, result, r.reportSettings())
	if err != nil {
		return nil, r.notRecorded(lease, result, err, nil)
	}
	r.end.Answer = RunDone
	outcome := &Outcome{
		Key:        r.key,
		Result:     result,
		Omitted:    recorded.Omitted || result.Omitted,
		Refused:    recorded.Refused,
		LeftOut:    recorded.LeftOut,
		Token:      lease.Token(),
		Attempt:    lease.Number(),
		ExpireTime: recorded.ExpireTime,
		codec:      r.settings.codec,
	}
	if unencoded != nil {
		outcome.Refused = "the value cannot be encoded: " + unencoded.Error()
		outcome.LeftOut = append([]string{fieldPayload}, recorded.LeftOut...)
	}
	return outcome, nil
}

// resultOf encodes the value. Where that fails the effect has happened all the same: it is recorded without a payload.
func (r *run) resultOf(lease *Lease, value any) (Result, error) {
	if result, ok := value.(Result); ok {
		return result, nil
	}
	payload, contentType, err := encodeSafely(r.settings.codec, value)
	if err != nil {
		r.client.config.logger.Warn("semel: the value cannot be encoded; the effect is recorded without it", "key", r.key,
			"attempt", lease.Number(), "error", err)
		return Result{Omitted: true}, err
	}
	return Result{Payload: payload, ContentType: contentType}, nil
}

// settleError records, or does not, that the effect did not happen.
func (r *run) settleError(ctx context.Context, lease *Lease, verdict Verdict, fnErr error) error {
	switch verdict := verdict.(type) {
	case Failure:
		return r.settleFailure(ctx, lease, verdict, fnErr)
	case GiveBack:
		r.end.Answer = RunReleased
		r.giveBack(ctx, lease)
		return fnErr
	}
	r.end.Answer = RunUnknown
	if _, isSaid := VerdictOf(fnErr); lease.IsLost() && (!isSaid || errors.Is(fnErr, context.Canceled)) {
		return r.leaseLost(lease, fnErr)
	}
	return fnErr
}

func (r *run) settleFailure(ctx context.Context, lease *Lease, failure Failure, fnErr error) error {
	recorded, err := lease.end(ctx, failure, r.reportSettings())
	if err != nil {
		return r.notRecorded(lease, failure, err, fnErr)
	}
	r.end.Answer = RunFailed
	failed := &EffectFailedError{Key: r.key, Failure: failure, Attempt: lease.Number(), Refused: recorded.Refused,
		LeftOut: recorded.LeftOut, err: fnErr}
	// The caller gets its failure back whole, but for what counts for others.
	failed.Failure.Retryable = failure.Retryable && !recorded.MadeFinal
	if stored, ok := recorded.ending.(Failure); ok {
		failed.Failure.Reason, failed.Failure.RetryAfter = stored.Reason, stored.RetryAfter
	}
	if failed.Failure.Retryable {
		failed.RetryAfter = failed.Failure.RetryAfter
	}
	return failed
}

func (r *run) reportSettings() callSettings { return callSettings{retention: r.settings.retention} }

// leaseLost: fn stopped because its lease was lost.
func (r *run) leaseLost(lease *Lease, fnErr error) error {
	r.end.Answer = RunLeaseLost
	lost := &LeaseLostError{Key: r.key, Token: lease.Token()}
	var cause *LeaseLostError
	if errors.As(context.Cause(lease.held.lost), &cause) {
		*lost = *cause
	}
	lost.fnErr = fnErr
	return lost
}

func (r *run) notRecorded(lease *Lease, ending Ending, err, fnErr error) error {
	var told *Error
	if errors.As(err, &told) {
		told.FnRan = true
	}
	var lost *LeaseLostError
	if errors.As(err, &lost) {
		r.end.Answer = RunLeaseLost
		lost.fnErr = fnErr
		return lost
	}
	r.end.Answer = RunNotRecorded
	return &NotRecordedError{Key: r.key, Token: lease.Token(), Attempt: lease.Number(), Ending: ending, Err: err, fnErr: fnErr}
}
