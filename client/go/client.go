package semel

import (
	"context"
	"errors"
	"sync"
	"time"

	"semel.dev/go/semelv1"
)

// A Client is a connection to the service, for one namespace unless a call names another. Many goroutines may use it at once: one Client
// serves a process. Close it.
//
// Calls block until there is an answer, until their timeout is over ([WithCallTimeout]) or until their context ends, and are repeated
// meanwhile as [RetryPolicy] says. Their errors are *[Error]s, or wrap one. Every call may fail with ErrFieldInvalid, Unavailable and
// DeadlineExceeded; beyond these, what is named with it.
type Client struct {
	config    *config
	conn      *connection
	calls     *singleCalls
	keeper    *leaseKeeper
	closeOnce sync.Once
	closeErr  error
}

// New checks the options and returns without waiting for the server, which may not be there yet.
//
// The address is host:port, without a scheme, or a target of one of gRPC's own schemes (dns:///host:port, unix:path, passthrough:///...).
// Empty: the environment's SEMEL_ADDRESS, else localhost:7420.
func New(address string, options ...Option) (*Client, error) {
	config, err := newConfig(address, options)
	if err = errors.Join(err, config.completeNamespace()); err != nil {
		return nil, err
	}
	conn, err := newConnection(config)
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, conn: conn}
	c.calls = newSingleCalls(config.transport, conn, c.logStreamsRefused)
	c.keeper = newLeaseKeeper(c.renewAll, c.logLost)
	return c, nil
}

// Close ends the connection and every goroutine of the Client, and waits for them. Calls that are under way end with ErrClosed. Leases
// that are still held are left to lapse; the contexts of their functions are cancelled with a *[LeaseLostError].
func (c *Client) Close() error {
	c.closeOnce.Do(func() {
		c.conn.startClosing()
		c.keeper.stop()
		c.calls.session.stop()
		c.closeErr = c.conn.conn.Close()
	})
	return c.closeErr
}

// Namespace is the namespace of the Client's calls.
func (c *Client) Namespace() string { return c.config.namespace }

// Owner is what the Client calls itself.
func (c *Client) Owner() string { return c.config.owner }

// TransportInUse is how a single call would go now: TransportUnary, or TransportStream. What [WithTransport] says; for TransportAuto what
// it has come to.
func (c *Client) TransportInUse() Transport { return c.calls.inUse() }

func (c *Client) logStreamsRefused(end streamEnd) {
	c.config.logger.Info("semel: streams do not come through to the server, calls go by themselves", "error", end.err.Message)
}

func (c *Client) logLost(lost *LeaseLostError) {
	if !errors.Is(lost, ErrClosed) {
		c.config.logger.Warn("semel: a lease was lost", "key", lost.Key, "token", lost.Token, "taken_over", lost.TakenOver,
			"error", lost.Err)
	}
}

// plan is how a call in the Client's bounds goes, with `wait` on top of its timeouts.
func (c *Client) plan(call, key string, settings callSettings, wait time.Duration) callPlan {
	total := c.config.callTimeout
	if settings.timeout != 0 {
		total = settings.timeout
	}
	wait = max(wait, 0)
	return callPlan{call: call + " of " + shown(key), total: total + wait, perTry: c.config.tryTimeout + wait}
}

// Begin asks for ownership of a key. The lease is not kept alive: [Client.Renew] it, or see [Client.Acquire]. Safe to repeat with the same
// attempt id. Errors: ErrFingerprintMismatch.
func (c *Client) Begin(ctx context.Context, key string, options ...BeginOption) (BeginAnswer, error) {
	return c.begin(ctx, key, settingsOf(options))
}

func (c *Client) begin(ctx context.Context, key string, settings callSettings) (BeginAnswer, error) {
	plan := c.plan(beginKind.name, key, settings, settings.wait)
	request := c.beginRequest(key, settings)
	if err := checkBegin(plan.call, request); err != nil {
		return nil, err
	}
	waitedEnough := time.Now().Add(settings.wait)
	tries := 0
	var grantedAt time.Time
	response, err := oneCall(ctx, c.calls, beginKind, plan, func() *semelv1.BeginRequest {
		grantedAt = time.Now()
		if tries++; tries > 1 && settings.wait > 0 {
			// A try after a lost answer waits for what is left, not from the beginning.
			request = waitingFor(request, max(waitedEnough.Sub(grantedAt), 0))
		}
		return request
	})
	if err != nil {
		return nil, err
	}
	return beginAnswerFrom(response, grantedAt)
}

// Complete reports how an attempt ended: a [Result] or a [Failure]. Safe to repeat with the same outcome. Accepted after the lease lapsed,
// also from in doubt, while no other attempt acquired the key.
// Errors: ErrKeyNotFound, ErrTokenStale, ErrOutcomeConflict, ErrResultTooLarge (nothing changed: complete with Result.Omitted instead).
func (c *Client) Complete(ctx context.Context, key string, token int64, ending Ending, options ...CompleteOption) (*Completed, error) {
	settings := settingsOf(options)
	plan := c.plan(completeKind.name, key, settings, 0)
	plan.report = true
	return c.complete(ctx, plan, c.completeRequest(key, token, ending, settings))
}

func (c *Client) complete(ctx context.Context, plan callPlan, request *semelv1.CompleteRequest) (*Completed, error) {
	if err := checkComplete(plan.call, request); err != nil {
		return nil, err
	}
	response, err := oneCall(ctx, c.calls, completeKind, plan, func() *semelv1.CompleteRequest { return request })
	if err != nil {
		return nil, err
	}
	return completedFrom(response)
}

// Lookup reads a key; nil where there is no record. Changes nothing, always safe.
func (c *Client) Lookup(ctx context.Context, key string, options ...CallOption) (*Record, error) {
	settings := settingsOf(options)
	plan := c.plan(lookupKind.name, key, settings, 0)
	plan.repeat = repeatAsBefore
	request := &semelv1.LookupRequest{Namespace: c.namespaceOf(settings), Key: key}
	if err := checkKey(plan.call, request.GetNamespace(), key); err != nil {
		return nil, err
	}
	response, err := oneCall(ctx, c.calls, lookupKind, plan, func() *semelv1.LookupRequest { return request })
	if err != nil || response.GetRecord() == nil {
		return nil, err
	}
	return recordFrom(response.GetRecord())
}

// Renew extends the lease, counted from now, and answers its length. Without [WithLease] it is the length granted before. Safe to repeat.
// Errors: ErrKeyNotFound, ErrTokenStale, ErrNotInProgress.
func (c *Client) Renew(ctx context.Context, key string, token int64, options ...RenewOption) (time.Duration, error) {
	settings := settingsOf(options)
	plan := c.plan(renewKind.name, key, settings, 0)
	plan.report = true
	request := c.renewRequest(key, token, settings)
	if err := checkKey(plan.call, request.GetNamespace(), key); err != nil {
		return 0, err
	}
	response, err := oneCall(ctx, c.calls, renewKind, plan, func() *semelv1.RenewRequest { return request })
	return durationFrom(response.GetLease()), err
}

// Release gives the key back: "I did nothing, let another try now". Safe to repeat. Errors: ErrTokenStale, ErrNotInProgress.
func (c *Client) Release(ctx context.Context, key string, token int64, options ...CallOption) error {
	settings := settingsOf(options)
	plan := c.plan(releaseKind.name, key, settings, 0)
	plan.report = true
	request := &semelv1.ReleaseRequest{Namespace: c.namespaceOf(settings), Key: key, Token: token}
	if err := checkKey(plan.call, request.GetNamespace(), key); err != nil {
		return err
	}
	_, err := oneCall(ctx, c.calls, releaseKind, plan, func() *semelv1.ReleaseRequest { return request })
	return err
}

// Checkpoint saves bytes (at most 65,536) for the next attempt, should this one be abandoned or fail, in place of the checkpoint before.
// With effectsBegan, the side effect counts as impossible to take back from here on: if this attempt falls silent, the key is in doubt
// until somebody finds out, whatever the namespace's policy says. Go on only if there is no error. It does not extend the lease, and
// answers the time until that lapses. Safe to repeat. Errors: ErrKeyNotFound, ErrTokenStale, ErrNotInProgress.
func (c *Client) Checkpoint(ctx context.Context, key string, token int64, data []byte, effectsBegan bool,
	options ...CallOption) (time.Duration, error) {
	settings := settingsOf(options)
	plan := c.plan(checkpointKind.name, key, settings, 0)
	request := &semelv1.CheckpointRequest{
		Namespace: c.namespaceOf(settings), Key: key, Token: token, Data: data, EffectsBegan: effectsBegan}
	if err := checkKey(plan.call, request.GetNamespace(), key); err != nil {
		return 0, err
	}
	response, err := oneCall(ctx, c.calls, checkpointKind, plan, func() *semelv1.CheckpointRequest { return request })
	return durationFrom(response.GetLeaseRemaining()), err
}
