package semel

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Lease is one ownership of a key that is kept alive in the background until it is ended.
//
// End it with Complete, Fail, Release or Abandon; `defer lease.Abandon()` does nothing after one of the others. Its methods may be called
// by many goroutines at once.
type Lease struct {
	client    *Client
	namespace string
	key       string
	acquired  Acquired
	held      *heldLease

	effectsBegan atomic.Bool
	mu           sync.Mutex // ends it
	ended        bool
}

// Acquire asks for ownership of a key, and keeps the lease alive until the answered *[Lease] is ended. Safe to repeat with the same attempt
// id while no Lease of it is held. Errors: ErrFingerprintMismatch.
func (c *Client) Acquire(ctx context.Context, key string, options ...BeginOption) (AcquireAnswer, error) {
	return c.acquire(ctx, key, settingsOf(options))
}

func (c *Client) acquire(ctx context.Context, key string, settings callSettings) (AcquireAnswer, error) {
	begun, err := c.begin(ctx, key, settings)
	if err != nil {
		return nil, err
	}
	acquired, ok := begun.(*Acquired)
	if !ok {
		return begun.(AcquireAnswer), nil // every other answer is both
	}
	lease, err := c.holdAcquired(ctx, c.namespaceOf(settings), key, acquired)
	if err != nil {
		return nil, err
	}
	return lease, nil
}

// Hold keeps the lease of a key alive that [Client.Begin] or [Client.BatchBegin] acquired, until the Lease is ended. Give it the namespace
// that the Begin had. Errors: as Renew, which it calls where a third of the lease has passed already.
func (c *Client) Hold(ctx context.Context, key string, acquired *Acquired, options ...CallOption) (*Lease, error) {
	return c.holdAcquired(ctx, c.namespaceOf(settingsOf(options)), key, acquired)
}

func (c *Client) holdAcquired(ctx context.Context, namespace, key string, acquired *Acquired) (*Lease, error) {
	lease := &Lease{client: c, namespace: namespace, key: key, acquired: *acquired}
	grantedAt := acquired.grantedAt
	if time.Since(grantedAt) > acquired.Lease/3 {
		// The server waited, the answer was long on its way, or this process was stopped: make sure of the lease before the work.
		grantedAt = time.Now()
		renewed, err := c.Renew(ctx, key, acquired.Token, WithNamespace(namespace))
		if err != nil {
			return nil, err
		}
		lease.acquired.Lease = renewed
	}
	lease.held = c.keeper.hold(heldKey{namespace, key, acquired.Token}, lease.acquired.Lease, grantedAt)
	return lease, nil
}

// Key is the key that is owned.
func (l *Lease) Key() string { return l.key }

// Namespace is the key's.
func (l *Lease) Namespace() string { return l.namespace }

// Token is the fencing token: hand it to what you write to, and let that refuse smaller ones. It is what stops a slow owner that lost its
// lease without noticing.
func (l *Lease) Token() int64 { return l.acquired.Token }

// Number is that of the attempt: 1 for the first one on the key.
func (l *Lease) Number() int { return l.acquired.Attempt }

// Previous says how the attempt before ended. PreviousAbandoned: look whether its effect happened before doing it again.
func (l *Lease) Previous() Previous { return l.acquired.Previous }

// Checkpoint is the last one of earlier attempts; empty where there is none.
func (l *Lease) Checkpoint() []byte { return l.acquired.Checkpoint }

// EffectsBegan tells whether SaveBeforeEffects was called.
func (l *Lease) EffectsBegan() bool { return l.effectsBegan.Load() }

// IsLost is true once another attempt took over, or once the lease went by without a renewal, so that another attempt may have. It never
// becomes false again. Stop working: do not begin what cannot be taken back. Complete is still worth a call, as it is accepted while
// nobody else acquired the key.
func (l *Lease) IsLost() bool { return l.held.isLost() }

// Lost is closed when IsLost becomes true.
func (l *Lease) Lost() <-chan struct{} { return l.held.lost.Done() }

// Context derives a context that is cancelled when the lease is lost: context.Cause then answers a *[LeaseLostError]. Call the function
// when the context is not needed any longer.
func (l *Lease) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	stop := context.AfterFunc(l.held.lost, func() { cancel(context.Cause(l.held.lost)) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

// Save saves bytes (at most 65,536) for the next attempt, should this one be abandoned or fail, in place of the checkpoint before. Safe to
// call again after any error. Errors: as [Client.Checkpoint]; ErrTokenStale makes IsLost true.
func (l *Lease) Save(ctx context.Context, checkpoint []byte) error {
	return l.checkpoint(ctx, checkpoint, false)
}

// SaveBeforeEffects saves bytes as Save does, and declares that the side effect cannot be taken back from here on: if this attempt falls
// silent, the key is in doubt until somebody finds out, whatever the namespace's policy says. Go on only if there is no error.
func (l *Lease) SaveBeforeEffects(ctx context.Context, checkpoint []byte) error {
	l.effectsBegan.Store(true) // before the call: a lost answer does not tell
	return l.checkpoint(ctx, checkpoint, true)
}

func (l *Lease) checkpoint(ctx context.Context, data []byte, effectsBegan bool) error {
	_, err := l.client.Checkpoint(ctx, l.key, l.Token(), data, effectsBegan, WithNamespace(l.namespace))
	l.note(err)
	return err
}

// note takes in what the server's answer to a call says about the lease.
func (l *Lease) note(err error) {
	if errors.Is(err, ErrTokenStale) {
		l.held.markLost(err)
	}
}

// Complete reports that the effect happened, and what it left behind, and ends the lease. What the server refuses of it is left out and the
// rest reported, so that the effect stays done; [Recorded] tells. Each report has [WithCompleteTimeout], and goes on after the context
// has ended: the effect has happened, whoever waits for it.
//
// Errors: as [Client.Complete], TOKEN_STALE as *[LeaseLostError]. After Aborted, NotFound and FailedPrecondition ([AttemptIsOver]) the
// lease is over; after all others it is still kept alive: call again, or Abandon.
func (l *Lease) Complete(ctx context.Context, result Result, options ...CompleteOption) (*Recorded, error) {
	return l.end(ctx, result, settingsOf(options))
}

// Fail reports that the effect did not happen. As Complete: what may be left out is the retention, message, details and RetryAfter, and a
// wrong reason is mended (see [Final]). Errors: as Complete.
func (l *Lease) Fail(ctx context.Context, failure Failure, options ...CompleteOption) (*Recorded, error) {
	return l.end(ctx, failure, settingsOf(options))
}

func (l *Lease) end(ctx context.Context, ending Ending, settings callSettings) (*Recorded, error) {
	// From here on "not in progress" is no loss.
	l.client.keeper.expectEnd(l.held)
	name := l.namespace
	settings.namespace = &name
	plan := l.client.plan(completeKind.name, l.key, settings, 0)
	if settings.timeout == 0 {
		plan.total = l.client.config.completeTimeout
	}
	plan.report = true
	ctx = context.WithoutCancel(ctx)
	recorded, err := completeOrLess(report{ending: plainEnding(ending), retention: settings.retention}, func(r report) (*Completed, error) {
		settings.retention = r.retention
		return l.client.complete(ctx, plan, l.client.completeRequest(l.key, l.Token(), r.ending, settings))
	})
	l.note(err)
	if err == nil || AttemptIsOver(err) {
		l.Abandon()
	}
	if err == nil {
		l.logRefused(recorded)
		return recorded, nil
	}
	return nil, l.lostBy(err)
}

// lostBy tells of a token that is stale as of a lost lease, unless the lost first report may have been stored before somebody took over.
func (l *Lease) lostBy(err error) error {
	var refused *Error
	if errors.As(err, &refused) && errors.Is(err, ErrTokenStale) && !refused.OutcomeUnknown {
		return &LeaseLostError{Key: l.key, Token: l.Token(), TakenOver: true, Err: err}
	}
	return err
}

func (l *Lease) logRefused(recorded *Recorded) {
	if recorded.Refused != "" {
		l.client.config.logger.Warn("semel: the server refused a part of the report; the rest is recorded", "key", l.key,
			"attempt", l.Number(), "refused", recorded.Refused, "left_out", recorded.LeftOut)
	}
}

// Release gives the key back: "I did nothing, let another try now". Goes on after the context has ended. Errors and what follows them: as
// Complete.
func (l *Lease) Release(ctx context.Context) error {
	l.client.keeper.expectEnd(l.held)
	err := l.client.Release(context.WithoutCancel(ctx), l.key, l.Token(), WithNamespace(l.namespace))
	l.note(err)
	if err == nil || AttemptIsOver(err) {
		l.Abandon()
	}
	return err
}

// Abandon stops keeping the lease alive, without a word to the server: it is left to lapse, because the effect may have happened, and the
// next attempt is told PreviousAbandoned, or the key is in doubt. Does nothing where the lease has ended. It is also how to let go of a
// lease whose key [Client.BatchComplete] completed.
func (l *Lease) Abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.client.keeper.drop(l.held)
}

// HasEnded is true once Complete, Fail, Release or Abandon ended it: nothing is renewed any more.
func (l *Lease) HasEnded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}
