package semel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// callTogether makes calls that overlap until the condition is met.
func callTogether(t *testing.T, client *semel.Client, met func() bool) {
	t.Helper()
	ctx := within(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for !met() {
				if _, err := client.Lookup(ctx, fmt.Sprintf("order/%d", i)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	wait.Wait()
}

func TestTheStreamTakesOverWhenCallsOverlap(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	if _, err := client.Lookup(within(t), "order/1"); err != nil {
		t.Fatal(err)
	}
	if got := client.TransportInUse(); got != semel.TransportUnary {
		t.Errorf("one call after another goes by %v", got)
	}
	callTogether(t, client, func() bool { return client.TransportInUse() == semel.TransportStream })
}

// withoutStreams is as a proxy on the way that does not know them.
func withoutStreams() semel.Option {
	return semel.WithDialOptions(grpc.WithStreamInterceptor(
		func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
			return nil, status.Error(codes.Unimplemented, "unknown method Session")
		}))
}

func TestCallsGoByThemselvesWhereStreamsDoNotComeThrough(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	var log logLines
	client := newClient(t, server.Address, withoutStreams(), semel.WithLogger(log.logger()))
	callTogether(t, client, func() bool { return len(log.all()) > 0 })
	if got := client.TransportInUse(); got != semel.TransportUnary {
		t.Errorf("calls go by %v", got)
	}
}

func TestTheStreamAloneDoesNotHideThatItDoesNotComeThrough(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, withoutStreams(), semel.WithTransport(semel.TransportStream))
	_, err := client.Begin(within(t), "order/1")
	var refused *semel.Error
	if !errors.As(err, &refused) || refused.Code != codes.Unimplemented || refused.OutcomeUnknown {
		t.Errorf("got %+v", err)
	}
}

func TestABrokenStreamIsOpenedAgain(t *testing.T) {
	client, proxy := behindProxy(t, semel.TransportAuto)
	onStream := func() bool { return client.TransportInUse() == semel.TransportStream }
	callTogether(t, client, onStream)
	accepted := proxy.Accepted()
	proxy.BreakAll()
	callTogether(t, client, func() bool { return proxy.Accepted() > accepted && onStream() })
}

func TestACancelledWaitLeavesNothingBehind(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		server := semeldtest.Start(t, semeldtest.Options{})
		client := newClient(t, server.Address, semel.WithTransport(transport))
		if _, err := client.Begin(within(t), "order/1"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(within(t))
		ended := make(chan error)
		go func() {
			_, err := client.Begin(ctx, "order/1", semel.WithWait(time.Minute))
			ended <- err
		}()
		awaitWaiters(t, server, 1)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		awaitWaiters(t, server, 0)
	})
}

func awaitWaiters(t *testing.T, server *semeldtest.Process, want float64) {
	t.Helper()
	awaitMetric(t, server, "semel_waiters", want)
}

// awaitMetric looks again and again, because nobody tells when it changes.
func awaitMetric(t *testing.T, server *semeldtest.Process, name string, want float64) {
	t.Helper()
	ctx := within(t)
	for {
		got, err := server.Metric(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
	}
}

func TestTheDeadlineOfACallCounts(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		server := semeldtest.Start(t, semeldtest.Options{})
		client := newClient(t, server.Address, semel.WithTransport(transport))
		if _, err := client.Begin(within(t), "order/1"); err != nil {
			t.Fatal(err)
		}
		// The wait ends shortly before it.
		ctx, cancel := context.WithTimeout(within(t), time.Second)
		defer cancel()
		answer, err := client.Begin(ctx, "order/1", semel.WithWait(time.Minute))
		if _, ok := answer.(*semel.InProgress); err != nil || !ok {
			t.Errorf("got %+v, %v", answer, err)
		}
		// A server that does not answer is not waited for.
		if err := server.Suspend(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel = context.WithTimeout(within(t), 100*time.Millisecond)
		defer cancel()
		_, err = client.Begin(ctx, "order/2")
		var late *semel.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &late) || !late.OutcomeUnknown {
			t.Errorf("got %+v", err)
		}
		// Nor longer than the timeout of the call.
		_, err = client.Begin(within(t), "order/2", semel.WithTimeout(100*time.Millisecond))
		if !errors.As(err, &late) || late.Code != codes.DeadlineExceeded || !late.OutcomeUnknown {
			t.Errorf("got %+v", err)
		}
		if err := server.Resume(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestALargeRequestGoesByItself(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithTransport(semel.TransportStream))
	_, err := client.Checkpoint(within(t), "order/1", 1, make([]byte, 5<<20), false)
	var refused *semel.Error
	if !errors.As(err, &refused) || refused.Code != codes.ResourceExhausted {
		t.Errorf("got %+v", err)
	}
	// And the stream lives on.
	if _, err := client.Lookup(within(t), "order/1"); err != nil {
		t.Error(err)
	}
}

func TestASilentStreamIsGivenUp(t *testing.T) {
	t.Parallel()
	server := semeldtest.Start(t, semeldtest.Options{})
	proxy := semeldtest.StartProxy(t, server.Address)
	client := newClient(t, proxy.Address, semel.WithTransport(semel.TransportStream), semel.WithTryTimeout(500*time.Millisecond))
	if _, err := client.Lookup(within(t), "warm-up"); err != nil {
		t.Fatal(err)
	}
	proxy.Swallow(true)
	_, err := client.Begin(within(t), "order/1", semel.WithTimeout(8*time.Second))
	var silent *semel.Error
	if !errors.As(err, &silent) || !silent.OutcomeUnknown || silent.Tries < 2 {
		t.Errorf("got %+v", err)
	}
	awaitMetric(t, server, `semel_calls_total{method="Session",code="OK"}`, 1) // it ended, as the server sees it
	proxy.Swallow(false)
	for ctx := within(t); ; {
		_, err := client.Lookup(ctx, "order/1")
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
