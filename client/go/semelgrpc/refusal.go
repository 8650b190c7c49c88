package semelgrpc

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	semel "semel.dev/go"
	why "semel.dev/go/internal/refusal"
)

// Domain is that of the google.rpc.ErrorInfo in every status that this package answers.
const Domain = "semel.v1"

const (
	// How long to stay away from a service that gave no answer.
	unavailablePause = time.Second
	// Never sooner: a caller must not ask in a tight loop.
	shortestPause = 10 * time.Millisecond
)

// refusal is a kind of status: its reason is for programs.
type refusal struct {
	code   codes.Code
	reason string
}

var (
	keyMissing          = refusal{codes.InvalidArgument, "KEY_MISSING"}
	keyMalformed        = refusal{codes.InvalidArgument, "KEY_MALFORMED"}
	fingerprintMismatch = refusal{codes.FailedPrecondition, "FINGERPRINT_MISMATCH"}
	inFlight            = refusal{codes.Aborted, "IN_FLIGHT"}
	inDoubt             = refusal{codes.FailedPrecondition, "IN_DOUBT"}
	expired             = refusal{codes.FailedPrecondition, "EXPIRED"}
	notKept             = refusal{codes.DataLoss, "RESPONSE_NOT_KEPT"}
	failedForGood       = refusal{codes.Internal, "FAILED"}
	failedForNow        = refusal{codes.Unavailable, "FAILED"}
	unavailable         = refusal{codes.Unavailable, "UNAVAILABLE"}
	refused             = refusal{codes.Internal, "REFUSED"}
)

func (r refusal) with(message string) error { return r.status(message) }

func (r refusal) of(failed *semel.EffectFailedError) error {
	return r.with("the call failed for good: " + failed.Failure.Reason)
}

// after tells the caller to come back after the pause.
func (r refusal) after(pause time.Duration, message string) error {
	return r.status(message, &errdetails.RetryInfo{RetryDelay: durationpb.New(max(pause, shortestPause))})
}

func (r refusal) status(message string, details ...protoadapt.MessageV1) error {
	told := status.New(r.code, "idempotency key: "+message)
	detailed, err := told.WithDetails(append([]protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: r.reason, Domain: Domain}}, details...)...)
	if err != nil {
		return told.Err() // never: these details can be packed
	}
	return detailed.Err()
}

// refusal answers why the method did not run and there is nothing to replay.
func (c *call) refusal(ctx context.Context, err error) error {
	var running *semel.AlreadyRunningError
	var doubt *semel.InDoubtError
	var over *semel.ExpiredError
	var mismatch *semel.FingerprintMismatchError
	var failed *semel.EffectFailedError
	switch {
	case errors.As(err, &mismatch):
		return fingerprintMismatch.with("it was used for another request; a new request needs a new key")
	case errors.As(err, &running):
		return inFlight.after(running.RetryAfter, "the same call is being processed; ask again later with the same key")
	case errors.As(err, &doubt):
		c.logger.ErrorContext(ctx, "semelgrpc: a call is in doubt: find out whether its effect happened, and resolve the key",
			"method", c.info.FullMethod, "key", c.key, "owner", doubt.Owner, "since", doubt.Since)
		return inDoubt.with("nobody knows whether this call was done; a person has to find out")
	case errors.As(err, &over):
		return expired.with("this call was done or failed long ago, and its response is no longer stored")
	case errors.As(err, &failed) && failed.Failure.Retryable:
		return failedForNow.after(failed.RetryAfter, "an earlier attempt failed: "+failed.Failure.Reason+"; ask again later with the same key")
	case errors.As(err, &failed):
		return failedForGood.of(failed)
	}
	return c.refusalWithoutAnswer(ctx, err)
}

// refusalWithoutAnswer: the service gave no answer, or did not take the request. It fails closed: nothing was begun.
func (c *call) refusalWithoutAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err() // nobody waits for it
	}
	c.logger.ErrorContext(ctx, "semelgrpc: the call was not begun", "method", c.info.FullMethod, "key", c.key, "error", err)
	if !why.MayPass(err) {
		return refused.with("the call was not begun, as it is not set up right on the server")
	}
	pause := unavailablePause
	var told *semel.Error
	if errors.As(err, &told) {
		pause = max(pause, told.RetryDelay)
	}
	return unavailable.after(pause, "the call was not begun; send it again with the same key")
}
