package semelpoll

import (
	"errors"
	"slices"

	semel "semel.dev/go"
)

// begin asks for all tasks in one batch, and holds the leases of those that are acquired.
func (r *round[R]) begin(tasks []*task[R]) {
	requests := make([]semel.BeginRequest, len(tasks))
	for i, t := range tasks {
		if t.attemptID == nil {
			t.attemptID = semel.NewAttemptID()
		}
		t.asked++
		t.lease, t.err = nil, nil
		requests[i] = semel.BeginRequest{Key: t.key, Options: append(slices.Clone(t.options), semel.WithAttemptID(t.attemptID))}
	}
	items, err := r.client.BatchBegin(r.ctx, requests, r.config.callOptions()...)
	for i, t := range tasks {
		if err != nil {
			r.noAnswer(t, err)
			continue
		}
		r.take(t, items[i])
	}
}

func (r *round[R]) take(t *task[R], item semel.Item[semel.BeginAnswer]) {
	if item.Err != nil {
		r.noAnswer(t, item.Err)
		return
	}
	t.attemptID = nil
	switch a := item.Answer.(type) {
	case *semel.Acquired:
		t.lease, t.err = r.hold(t, a)
	case *semel.Done:
	case *semel.Failed:
		t.err = &semel.EffectFailedError{Key: t.key, Failure: a.Failure, Attempt: a.Attempt, RetryAfter: a.RetryAfter, Replayed: true}
	case *semel.InProgress:
		t.err = &semel.AlreadyRunningError{Key: t.key, Owner: a.Owner, Attempt: a.Attempt, LeaseRemaining: a.LeaseRemaining,
			RetryAfter: a.RetryAfter}
	case *semel.InDoubt:
		t.err = &semel.InDoubtError{Key: t.key, Owner: a.Owner, Since: a.Since, Checkpoint: a.Checkpoint}
	case *semel.Expired:
		t.err = &semel.ExpiredError{Key: t.key, CompleteTime: a.CompleteTime}
	}
}

// noAnswer: a Begin whose answer is unknown is asked again as the same one, for it may have acquired the key.
func (r *round[R]) noAnswer(t *task[R], err error) {
	var told *semel.Error
	if !errors.As(err, &told) || !told.OutcomeUnknown {
		t.attemptID = nil
	}
	t.err = err
	if told != nil && told.Reason == semel.ErrFingerprintMismatch {
		t.err = &semel.FingerprintMismatchError{Key: t.key, Err: told}
	}
}

// hold keeps the lease alive. Where it cannot, it is left to lapse, or has lapsed: nothing has been done.
func (r *round[R]) hold(t *task[R], acquired *semel.Acquired) (*semel.Lease, error) {
	if acquired.CheckpointLeftOut {
		record, err := r.client.Lookup(r.ctx, t.key, r.config.callOptions()...)
		if err != nil {
			return nil, err
		}
		if record != nil {
			acquired.Checkpoint = record.Checkpoint
		}
	}
	return r.client.Hold(r.ctx, t.key, acquired, r.config.callOptions()...)
}
