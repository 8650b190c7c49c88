package semel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

const (
	// shortLease is to be lost.
	shortLease = 200 * time.Millisecond
	// keptLease is to be kept: a machine that stands still for a second loses none.
	keptLease = 2 * time.Second
)

// stillRunning waits for longer than a lease, and wants the key's owner to be the same one then.
func stillRunning(t *testing.T, client *semel.Client, key string) {
	t.Helper()
	answer, err := client.Begin(within(t), key, semel.WithWait(2*keptLease))
	if err != nil {
		t.Fatal(err)
	}
	if running, ok := answer.(*semel.InProgress); !ok || running.Attempt != 1 {
		t.Errorf("%s: got %+v", key, answer)
	}
}

func TestALeaseIsKeptAliveLongerThanItsLength(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	outcome, err := semel.Run(within(t), client, "order/1", func(ctx context.Context, a *semel.Attempt) (string, error) {
		stillRunning(t, client, "order/1")
		return "charged", ctx.Err()
	}, semel.WithLease(keptLease))
	if err != nil || outcome.Value != "charged" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestManyLeasesAreKeptAliveTogether(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	const count = 500
	requests := make([]semel.BeginRequest, count)
	for i := range requests {
		requests[i] = semel.BeginRequest{Key: fmt.Sprintf("order/%d", i), Options: []semel.BeginOption{semel.WithLease(keptLease)}}
	}
	items, err := client.BatchBegin(within(t), requests)
	if err != nil {
		t.Fatal(err)
	}
	leases := make([]*semel.Lease, count)
	for i, item := range items {
		acquired, ok := item.Answer.(*semel.Acquired)
		if !ok {
			t.Fatalf("%s: got %+v, %v", requests[i].Key, item.Answer, item.Err)
		}
		if leases[i], err = client.Hold(within(t), requests[i].Key, acquired); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := client.Begin(within(t), "order/0", semel.WithWait(2*keptLease))
	if _, running := answer.(*semel.InProgress); err != nil || !running {
		t.Errorf("got %+v, %v", answer, err)
	}
	for _, lease := range leases {
		if lease.IsLost() {
			t.Fatalf("%s is lost", lease.Key())
		}
		lease.Abandon()
	}
	messages, err := server.Metric(within(t), `semel_calls_total{method="BatchRenew",code="OK"}`)
	if err != nil || messages == 0 || messages > count {
		t.Errorf("about six renewals of %d leases went in %v messages, %v", count, messages, err)
	}
	t.Logf("about six renewals of %d leases went in %v messages", count, messages)
}

func TestALeaseThatCannotBeRenewedCancelsTheContext(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	outcome, err := semel.Run(within(t), client, "order/1", func(ctx context.Context, a *semel.Attempt) (string, error) {
		if err := server.Suspend(); err != nil {
			return "", err
		}
		<-ctx.Done()
		var lost *semel.LeaseLostError
		if !errors.As(context.Cause(ctx), &lost) || lost.TakenOver || lost.Token != a.Token() || !a.IsLost() {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
		return "charged", server.Resume()
	}, semel.WithLease(shortLease))
	// Nobody took over: the outcome counts.
	if err != nil || outcome.Value != "charged" {
		t.Errorf("got %+v, %v", outcome, err)
	}
	wantState(t, client, "order/1", semel.StateDone)
}

func TestATakenOverLeaseIsLostAndItsOutcomeIsNotRecorded(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client, other, admin := newClient(t, server.Address), newClient(t, server.Address), newAdmin(t, server.Address)
	takeOver := func() {
		t.Helper()
		request := semel.DeleteKeyRequest{Namespace: "shop", Key: "order/1", Reason: "a test", Actor: "test"}
		if _, err := admin.DeleteKey(within(t), request); err != nil {
			t.Fatal(err)
		}
		if answer, err := other.Begin(within(t), "order/1"); err != nil {
			t.Fatal(err)
		} else if _, ok := answer.(*semel.Acquired); !ok {
			t.Fatalf("got %+v", answer)
		}
	}
	for name, result := range map[string]func(ctx context.Context) (string, error){
		"a value":    func(context.Context) (string, error) { return "charged", nil },
		"an error":   func(context.Context) (string, error) { return "", errors.New("busy") },
		"its cancel": func(ctx context.Context) (string, error) { return "", ctx.Err() },
		"its cause":  func(ctx context.Context) (string, error) { return "", context.Cause(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			// The key that the case before left in progress.
			request := semel.DeleteKeyRequest{Namespace: "shop", Key: "order/1", Reason: "a test", Actor: "test"}
			if _, err := admin.DeleteKey(within(t), request); err != nil && !errors.Is(err, semel.ErrKeyNotFound) {
				t.Fatal(err)
			}
			_, err := semel.Run(within(t), client, "order/1", func(ctx context.Context, a *semel.Attempt) (string, error) {
				takeOver()
				<-ctx.Done()
				return result(ctx)
			}, semel.WithLease(shortLease))
			var lost *semel.LeaseLostError
			// A renewal between the deletion and the Begin finds no key, and nobody who took over.
			if !errors.As(err, &lost) || !lost.TakenOver && !errors.Is(err, semel.ErrKeyNotFound) {
				t.Errorf("got %v", err)
			}
			if name == "its cancel" && !errors.Is(err, context.Canceled) {
				t.Errorf("the function's own error is not seen in %v", err)
			}
			record := mustLookup(t, client, "order/1")
			if record.State != semel.StateInProgress {
				t.Errorf("the other's record was touched: %+v", record)
			}
		})
	}
}

func TestALeaseInHand(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	acquire := func(key string) *semel.Lease {
		t.Helper()
		answer, err := client.Acquire(within(t), key, semel.WithLease(keptLease))
		if err != nil {
			t.Fatal(err)
		}
		lease, ok := answer.(*semel.Lease)
		if !ok {
			t.Fatalf("got %+v", answer)
		}
		t.Cleanup(lease.Abandon)
		return lease
	}

	done := acquire("done")
	stillRunning(t, client, "done")
	if recorded, err := done.Complete(within(t), semel.Result{Payload: []byte("ok")}); err != nil || recorded.State != semel.StateDone {
		t.Errorf("got %+v, %v", recorded, err)
	}
	if !done.HasEnded() || done.IsLost() {
		t.Error("it has not ended well")
	}

	failed := acquire("failed")
	if recorded, err := failed.Fail(within(t), semel.Failure{Reason: "NO"}); err != nil || recorded.State != semel.StateFailed {
		t.Errorf("got %+v, %v", recorded, err)
	}

	released := acquire("released")
	if err := released.Release(within(t)); err != nil {
		t.Error(err)
	}
	if again := acquire("released"); again.Previous() != semel.PreviousReleased {
		t.Errorf("got %v", again.Previous())
	}

	acquire("abandoned").Abandon()
	answer, err := client.Acquire(within(t), "abandoned", semel.WithWait(patience))
	if lease, ok := answer.(*semel.Lease); err != nil || !ok || lease.Previous() != semel.PreviousAbandoned || lease.Number() != 2 {
		t.Errorf("got %+v, %v", answer, err)
	} else {
		lease.Abandon()
	}
	if answer, err := client.Acquire(within(t), "done"); err != nil {
		t.Error(err)
	} else if replay, ok := answer.(*semel.Done); !ok || string(replay.Result.Payload) != "ok" {
		t.Errorf("got %+v", answer)
	}
}

func TestTheReportGoesOnAfterTheCallerHasLeft(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	ctx, cancel := context.WithCancel(within(t))
	outcome, err := semel.Run(ctx, client, "order/1", func(ctx context.Context, _ *semel.Attempt) (string, error) {
		cancel()
		<-ctx.Done()
		return "charged", nil
	})
	if err != nil || outcome.Value != "charged" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestAKeyThatNobodyWaitsForAnyLongerIsGivenBack(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	ctx, cancel := context.WithCancel(within(t))
	client := newClient(t, server.Address, semel.WithTransport(semel.TransportUnary), semel.WithDialOptions(grpc.WithUnaryInterceptor(
		func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker,
			options ...grpc.CallOption) error {
			defer cancel() // the caller leaves just when the answer is there
			return invoke(ctx, method, request, reply, conn, options...)
		})))
	if _, err := semel.Run(ctx, client, "order/1", mustNotRun(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	answer, err := client.Begin(within(t), "order/1")
	if acquired, ok := answer.(*semel.Acquired); err != nil || !ok || acquired.Previous != semel.PreviousReleased {
		t.Errorf("got %+v, %v", answer, err)
	}
}

func TestAPointerToAnEndingCountsAsTheEnding(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	for key, ending := range map[string]semel.Ending{"done": &semel.Result{Payload: []byte("paid")}, "failed": &semel.Failure{Reason: "NO"}} {
		answer, err := client.Acquire(within(t), key)
		if err != nil {
			t.Fatal(err)
		}
		items := client.EndLeases(within(t), []semel.LeaseEnding{{Lease: answer.(*semel.Lease), Ending: ending}})
		if items[0].Err != nil {
			t.Errorf("%s: %v", key, items[0].Err)
		}
		if state := mustLookup(t, client, key).State; state.String() != key {
			t.Errorf("%s is %v", key, state)
		}
	}
}
