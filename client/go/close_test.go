package semel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

func TestCloseEndsEverythingThatTheClientStarted(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	before := goleak.IgnoreCurrent()
	client, err := semel.New(server.Address, semel.WithNamespace("shop"))
	if err != nil {
		t.Fatal(err)
	}
	callTogether(t, client, func() bool { return client.TransportInUse() == semel.TransportStream })
	answer, err := client.Acquire(within(t), "order/1", semel.WithLease(keptLease))
	if err != nil {
		t.Fatal(err)
	}
	stillRunning(t, client, "order/1") // the keeper works
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if !answer.(*semel.Lease).IsLost() {
		t.Error("its lease is believed to be kept alive")
	}
	if err := client.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	goleak.VerifyNone(t, before)
}

func TestCallsOfAClosedClientEnd(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		server := semeldtest.Start(t, semeldtest.Options{})
		client := newClient(t, server.Address, semel.WithTransport(transport))
		if _, err := client.Begin(within(t), "order/1"); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := client.Begin(within(t), "order/1", semel.WithWait(time.Minute))
			ended <- err
		}()
		ran := make(chan error)
		go func() {
			_, err := semel.Run(within(t), client, "order/2", func(ctx context.Context, _ *semel.Attempt) (string, error) {
				<-ctx.Done()
				return "", context.Cause(ctx)
			})
			ran <- err
		}()
		awaitWaiters(t, server, 1)
		awaitState(t, server, "order/2", semel.StateInProgress)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, semel.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if err := <-ran; !errors.Is(err, semel.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if _, err := client.Lookup(within(t), "order/1"); !errors.Is(err, semel.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func awaitState(t *testing.T, server *semeldtest.Process, key string, want semel.State) {
	t.Helper()
	client := newClient(t, server.Address)
	for {
		record, err := client.Lookup(within(t), key)
		if err != nil {
			t.Fatal(err)
		}
		if record != nil && record.State == want {
			return
		}
	}
}
