package semelhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	semel "semel.dev/go"
	"semel.dev/go/internal/caller"
)

// call is one request that has a key.
type call struct {
	*handler
	w           http.ResponseWriter
	r           *http.Request
	body        []byte
	key         string
	fingerprint []byte
	response    *recorder // nil until the handler is called
	isCutOff    bool      // its context ended before it answered anything
}

func (c *call) serve() {
	// A client that stops waiting calls off what has not begun. The deadline is the server's own: of a middleware outside of this one.
	ctx, goOn, cancel := caller.UntilBegun(c.r.Context(), true)
	defer cancel()
	outcome, err := semel.Run(ctx, c.client, c.key, func(ctx context.Context, attempt *semel.Attempt) (semel.Result, error) {
		if c.r.Context().Err() != nil || !c.cancelOnDisconnect && !goOn() {
			return semel.Result{}, semel.WithVerdict(errGone, semel.GiveBack{}) // it went while it waited, and nothing has begun
		}
		return c.handle(ctx, attempt)
	}, c.options()...)
	switch {
	case c.isCutOff:
		c.logger.ErrorContext(c.r.Context(), "semelhttp: the handler was cut off, and made no response", "key", c.key, "error", err)
		notRecorded.answer(c.w, "The request was interrupted. Send it again with the same key to learn what became of it.",
			retryAfter(c.w, unavailablePause))
	case c.response != nil:
		c.sendResponse(err)
	case err != nil:
		c.refuse(err)
	default:
		c.replay(outcome.Value)
	}
}

var (
	errGone     = errors.New("semelhttp: the client has gone")
	errCutOff   = errors.New("semelhttp: the handler was cut off")
	errLeftOpen = errors.New("semelhttp: the response leaves open what happened")
)

func (c *call) options() []semel.RunOption {
	options := append([]semel.RunOption{}, c.runOptions...)
	if c.wait > 0 {
		options = append(options, semel.WithWait(c.wait))
	}
	if c.fingerprint != nil {
		options = append(options, semel.WithFingerprint(c.fingerprint))
	}
	return options
}

// handle lets the handler run, and says what is recorded of its response.
func (c *call) handle(ctx context.Context, attempt *semel.Attempt) (semel.Result, error) {
	c.response = newRecorder(c.w, c.maxResponse)
	r := c.r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	r.ContentLength = int64(len(c.body))
	c.next.ServeHTTP(c.response, r)
	if c.response.isSilent() && ctx.Err() != nil {
		// net/http would make a 200 of it, for a handler that only wanted to stop.
		c.isCutOff = true
		return semel.Result{}, semel.WithVerdict(errCutOff, semel.Unknown{})
	}
	c.response.end()
	if c.response.streams {
		c.logger.ErrorContext(ctx, "semelhttp: the handler streams its response, which cannot be stored", "key", c.key)
	}
	return c.outcome(ctx, attempt)
}

// outcome is what the response says about its effect.
func (c *call) outcome(ctx context.Context, attempt *semel.Attempt) (semel.Result, error) {
	status := c.response.status
	keeping := c.statusPolicy(status)
	if keeping == Retry && (attempt.EffectsBegan() || ctx.Err() != nil) {
		keeping = LeaveOpen // the handler may have been cut off half way
	}
	switch keeping {
	case Store:
		result, left := c.resultOf(c.response)
		if len(left) > 0 {
			c.logger.WarnContext(ctx, "semelhttp: headers are too long to be stored; a replay will lack them", "key", c.key, "headers", left)
		}
		return result, nil
	case Retry:
		return semel.Result{}, semel.Retryable(fmt.Sprintf("HTTP_%d", status), http.StatusText(status), 0)
	}
	return semel.Result{}, semel.WithVerdict(fmt.Errorf("%w: status %d", errLeftOpen, status), semel.Unknown{})
}

// sendResponse lets the handler's response go out, whatever became of its record: the effect may have happened.
func (c *call) sendResponse(err error) {
	var failed *semel.EffectFailedError // recorded so that the next request runs again
	isRecorded := err == nil || errors.As(err, &failed)
	switch {
	case errors.Is(err, errLeftOpen):
		c.logger.WarnContext(c.r.Context(), "semelhttp: what became of the request is left open", "key", c.key, "error", err)
	case !isRecorded:
		c.logger.ErrorContext(c.r.Context(), "semelhttp: what became of the request is not recorded", "key", c.key, "error", err)
	}
	c.response.send(isRecorded)
}

// replay answers with what an earlier request left behind.
func (c *call) replay(result semel.Result) {
	if !writeStored(c.w, result) {
		notKept.answer(c.w, "This request was done before. Its response was not kept.")
	}
}
