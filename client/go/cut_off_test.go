package semel_test

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// commanding runs a command that is killed when the context ends, which its error does not tell.
func commanding(ctx context.Context, begun func() error) (string, error) {
	command := exec.CommandContext(ctx, "sleep", "3600")
	if err := command.Start(); err != nil {
		return "", err
	}
	err := begun()
	return "", errors.Join(command.Wait(), err)
}

func TestACommandThatTheCallerKilledLeavesOpenWhatHappened(t *testing.T) {
	server, elapse := standing(t, "")
	client := newClient(t, server.Address)
	ctx, cancel := context.WithCancel(within(t))
	_, err := semel.Run(ctx, client, "order/1", func(ctx context.Context, _ *semel.Attempt) (string, error) {
		return commanding(ctx, func() error { cancel(); return nil })
	}, semel.WithLease(time.Minute))
	var killed *exec.ExitError
	var failed *semel.EffectFailedError
	if !errors.As(err, &killed) || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	wantState(t, client, "order/1", semel.StateInProgress)
	elapse(time.Minute)
	outcome, err := semel.Run(within(t), client, "order/1", func(_ context.Context, a *semel.Attempt) (string, error) {
		return a.Previous().String(), nil
	})
	if err != nil || outcome.Value != "abandoned" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestACommandThatALostLeaseKilledLeavesOpenWhatHappened(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	_, err := semel.Run(within(t), client, "order/1", func(ctx context.Context, _ *semel.Attempt) (string, error) {
		_, err := commanding(ctx, server.Suspend)
		return "", errors.Join(err, server.Resume())
	}, semel.WithLease(shortLease))
	var lost *semel.LeaseLostError
	var killed *exec.ExitError
	if !errors.As(err, &lost) || !errors.As(err, &killed) {
		t.Errorf("got %v", err)
	}
	outcome, err := semel.Run(within(t), client, "order/1", func(_ context.Context, a *semel.Attempt) (string, error) {
		return a.Previous().String(), nil
	}, semel.WithWait(patience))
	if err != nil || outcome.Value != "abandoned" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

// It knows best, also of what was cut off.
func TestAVerdictCountsThoughTheContextHasEnded(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	for name, each := range map[string]struct {
		verdict semel.Verdict
		want    semel.Previous
	}{
		"failed":   {semel.Failure{Reason: "NOT_SENT", Retryable: true}, semel.PreviousFailed},
		"released": {semel.GiveBack{}, semel.PreviousReleased},
	} {
		ctx, cancel := context.WithCancel(within(t))
		_, err := semel.Run(ctx, client, name, func(ctx context.Context, _ *semel.Attempt) (string, error) {
			cancel()
			return "", semel.WithVerdict(ctx.Err(), each.verdict)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		answer, err := client.Begin(within(t), name)
		if acquired, ok := answer.(*semel.Acquired); err != nil || !ok || acquired.Previous != each.want {
			t.Errorf("%s: got %+v, %v", name, answer, err)
		}
	}
}
