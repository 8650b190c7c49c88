package semel_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// asking does its effect by an HTTP request.
func asking(address string) func(context.Context, *semel.Attempt) (string, error) {
	return func(ctx context.Context, _ *semel.Attempt) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address, http.NoBody)
		if err != nil {
			return "", err
		}
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		return response.Status, response.Body.Close()
	}
}

// Nothing was sent over it, so nothing happened; where it broke later, nobody knows.
func TestAConnectionThatWasNeverOpenIsAFailure(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hungUp := make(chan error, 1)
	go func() {
		connection, err := listener.Accept()
		if err == nil {
			_, err = connection.Read(make([]byte, 1))
			_ = connection.Close() // in the middle of the request
		}
		hungUp <- err
	}()
	_, err = semel.Run(within(t), client, "broken", asking(listener.Addr().String()))
	var failed *semel.EffectFailedError
	if err == nil || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	wantState(t, client, "broken", semel.StateInProgress)
	if err := <-hungUp; err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}

	_, err = semel.Run(within(t), client, "refused", asking(listener.Addr().String()))
	if !errors.As(err, &failed) || !failed.Failure.Retryable {
		t.Errorf("got %v", err)
	}
	wantState(t, client, "refused", semel.StateFailed)
}

func TestAnEffectWithinThatIsNotRecordedLeavesTheOuterOneOpen(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	_, err := semel.Run(within(t), client, "outer", func(ctx context.Context, _ *semel.Attempt) (string, error) {
		_, err := semel.Run(ctx, client, "inner", forgotten(t, server.Address, nil))
		var unrecorded *semel.NotRecordedError
		if !errors.As(err, &unrecorded) {
			t.Errorf("got %v", err)
			return "", nil
		}
		return "", unrecorded.Err // without the verdict
	})
	var failed *semel.EffectFailedError
	if err == nil || errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	wantState(t, client, "outer", semel.StateInProgress)
}
