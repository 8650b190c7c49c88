package semelhttp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/refusal"
)

// How long to stay away from a service that gave no answer.
const unavailablePause = time.Second

// refuse answers why the handler did not run and there is no response to replay.
func (c *call) refuse(err error) {
	var running *semel.AlreadyRunningError
	var doubt *semel.InDoubtError
	var expired *semel.ExpiredError
	var mismatch *semel.FingerprintMismatchError
	var failed *semel.EffectFailedError
	switch {
	case errors.As(err, &mismatch):
		fingerprintMismatch.answer(c.w, "This key was used for another request. A new request needs a new key.")
	case errors.As(err, &running):
		inFlight.answer(c.w, "The same request is being processed. Ask again later with the same key.",
			retryAfter(c.w, running.RetryAfter))
	case errors.As(err, &doubt):
		c.logger.ErrorContext(c.r.Context(), "semelhttp: a request is in doubt: find out whether its effect happened, and resolve the key",
			"key", c.key, "owner", doubt.Owner, "since", doubt.Since)
		inDoubt.answer(c.w, "Nobody knows whether this request was done. A person has to find out; the same request with another key "+
			"might do it twice.", fact{"since", doubt.Since.UTC().Format(time.RFC3339)})
	case errors.As(err, &expired):
		gone.answer(c.w, "This request was done or failed long ago, and its response is no longer stored.",
			fact{"complete_time", expired.CompleteTime.UTC().Format(time.RFC3339)})
	case errors.As(err, &failed):
		c.answerFailed(failed)
	default:
		c.refuseWithoutAnswer(err)
	}
}

// answerFailed: an attempt failed for good (a namespace's max_attempts does that), or may only be tried again later.
func (c *call) answerFailed(err *semel.EffectFailedError) {
	facts := []fact{{"reason", err.Failure.Reason}}
	if !err.Failure.Retryable {
		failedForGood.answer(c.w, "An earlier attempt at this request failed. It is not run again.", facts...)
		return
	}
	failedForNow.answer(c.w, "An earlier attempt at this request failed. Ask again later with the same key.",
		append(facts, retryAfter(c.w, err.RetryAfter))...)
}

// refuseWithoutAnswer: the service gave no answer, or did not take the request. It fails closed: nothing was begun.
func (c *call) refuseWithoutAnswer(err error) {
	if c.r.Context().Err() != nil || errors.Is(err, errGone) || refusal.MayPass(err) {
		if c.r.Context().Err() == nil {
			c.logger.ErrorContext(c.r.Context(), "semelhttp: the service gave no answer", "key", c.key, "error", err)
		}
		pause := unavailablePause
		var told *semel.Error
		if errors.As(err, &told) {
			pause = max(pause, told.RetryDelay)
		}
		unavailable.answer(c.w, "The request was not begun. Send it again with the same key.", retryAfter(c.w, pause))
		return
	}
	c.logger.ErrorContext(c.r.Context(), "semelhttp: the service refused the request", "key", c.key, "error", err)
	refused.answer(c.w, "The request was not begun, as it is not set up right on the server.")
}

// retryAfter says when to ask again, in the header and in the body: whole seconds, at least one.
func retryAfter(w http.ResponseWriter, pause time.Duration) fact {
	seconds := max(int64((pause+time.Second-1)/time.Second), 1)
	w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	return fact{"retry_after", seconds}
}
