package semelgrpc

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	semel "semel.dev/go"
	"semel.dev/go/internal/caller"
)

// What is left of a call's deadline for its answer, when a wait for another attempt is over.
const answerTime = 100 * time.Millisecond

// call is one call that has a key.
type call struct {
	*interceptor
	info                 *grpc.UnaryServerInfo
	request              any
	method               grpc.UnaryHandler
	key                  string
	fingerprintOfRequest []byte

	// What the method answered.
	ran      bool
	response any
	err      error
}

func (c *call) serve(ctx context.Context) (any, error) {
	// A caller that stops waiting calls off what has not begun.
	bounded, goOn, cancel := caller.UntilBegun(ctx, false)
	defer cancel()
	outcome, err := semel.Run(bounded, c.client, c.key, func(running context.Context, attempt *semel.Attempt) (semel.Result, error) {
		if ctx.Err() != nil || !c.cancelWithCaller && !goOn() {
			return semel.Result{}, semel.WithVerdict(errGone, semel.GiveBack{}) // it went while it waited, and nothing has begun
		}
		return c.run(running, attempt)
	}, c.options(ctx)...)
	switch {
	case c.ran:
		return c.answer(ctx, err)
	case err != nil:
		return nil, c.refusal(ctx, err)
	}
	return c.replay(ctx, outcome.Value)
}

var errGone = errors.New("semelgrpc: the caller has gone")

func (c *call) options(ctx context.Context) []semel.RunOption {
	options := append([]semel.RunOption{}, c.runOptions...)
	wait := c.wait
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-answerTime)
	}
	if wait > 0 {
		options = append(options, semel.WithWait(wait))
	}
	if c.fingerprintOfRequest != nil {
		options = append(options, semel.WithFingerprint(c.fingerprintOfRequest))
	}
	return options
}

// run lets the method run, and says what is recorded of it.
func (c *call) run(ctx context.Context, attempt *semel.Attempt) (semel.Result, error) {
	response, err := c.method(ctx, c.request)
	c.ran, c.response, c.err = true, response, err
	if err == nil {
		return c.resultOfResponse(ctx, response), nil
	}
	told, isStatus := statusOf(err)
	if !isStatus {
		return semel.Result{}, err // as the error policy says
	}
	keeping := c.codePolicy(told.Code())
	if keeping == Retry && (attempt.EffectsBegan() || ctx.Err() != nil) {
		keeping = LeaveOpen // the method may have been cut off half way
	}
	switch keeping {
	case Store:
		return c.resultOfStatus(ctx, told), nil
	case Retry:
		failure := semel.Failure{Reason: reasonOf(told.Code()), Message: told.Message(), Retryable: true}
		return semel.Result{}, semel.WithVerdict(err, failure)
	}
	return semel.Result{}, semel.WithVerdict(err, semel.Unknown{})
}

// statusOf is what a method says by a code. An error that has a verdict says itself what it is; one of this module's Client, which has a code,
// too, is for the error policy: the method may have done something with another key.
func statusOf(err error) (*status.Status, bool) {
	var call *semel.Error
	var lost *semel.LeaseLostError
	var unrecorded *semel.NotRecordedError
	_, isSaid := semel.VerdictOf(err)
	if isSaid || errors.As(err, &call) || errors.As(err, &lost) || errors.As(err, &unrecorded) {
		return nil, false
	}
	return status.FromError(err)
}

// answer gives the caller what the method answered, whatever became of its record: the effect has happened.
func (c *call) answer(ctx context.Context, err error) (any, error) {
	var failed *semel.EffectFailedError // recorded so that the next call runs again, or not
	isRecorded := err == nil || errors.As(err, &failed)
	if !isRecorded {
		c.logger.ErrorContext(ctx, "semelgrpc: what became of the call is not recorded", "method", c.info.FullMethod, "key", c.key,
			"error", err)
		c.say(ctx, RecordedTrailer, "false")
	}
	if _, isStatus := status.FromError(c.err); !isStatus && failed != nil && !failed.Failure.Retryable {
		return nil, failedForGood.of(failed) // what those who ask again are told
	}
	return c.response, c.err
}

// say adds to the response's trailer.
func (c *call) say(ctx context.Context, name, value string) {
	if err := grpc.SetTrailer(ctx, metadata.Pairs(name, value)); err != nil {
		c.logger.WarnContext(ctx, "semelgrpc: the response's trailer cannot be set", "method", c.info.FullMethod, "trailer", name, "error", err)
	}
}
