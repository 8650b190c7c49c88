package semel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// hasty tries again at once, and has one retry to spare.
var hasty = semel.RetryPolicy{Budget: 1, MaxTries: 6, InitialBackoff: time.Millisecond, MaxBackoff: time.Millisecond}

func wantTries(t *testing.T, err error, tries int, budgetEmpty bool) {
	t.Helper()
	var failed *semel.Error
	if !errors.As(err, &failed) || failed.Tries != tries || failed.BudgetEmpty != budgetEmpty {
		t.Errorf("got %+v, not %d tries, budget empty: %v", err, tries, budgetEmpty)
	}
}

// draining is a server that begins nothing new.
func draining(t *testing.T) *semeldtest.Process {
	t.Helper()
	server := semeldtest.Start(t, semeldtest.Options{Config: "shutdown:\n  drain_delay: 10m\n  timeout: 1h\n"})
	if err := server.Terminate(); err != nil {
		t.Fatal(err)
	}
	for ctx := within(t); ; {
		isReady, err := server.IsReady(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !isReady {
			return server
		}
	}
}

func TestWhatTheServerRefusesCostsRetries(t *testing.T) {
	client := newClient(t, draining(t).Address, semel.WithTransport(semel.TransportUnary), semel.WithRetry(hasty))
	for _, tries := range []int{2, 1} {
		_, err := client.Begin(within(t), "order/1")
		if wantTries(t, err, tries, true); !errors.Is(err, semel.ErrDraining) {
			t.Errorf("got %v", err)
		}
	}
}

func TestConnectionsThatBreakCostNoRetries(t *testing.T) {
	proxy := semeldtest.StartProxy(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	proxy.Refuse(true)
	client := newClient(t, proxy.Address, semel.WithTransport(semel.TransportUnary), semel.WithRetry(hasty))
	for range 2 {
		_, err := client.Begin(within(t), "order/1")
		wantTries(t, err, hasty.MaxTries, false)
	}
}

// silent is a client of a server that answers nothing, with a token of a key that it owns.
func silent(t *testing.T) (*semel.Client, int64) {
	t.Helper()
	server := semeldtest.Start(t, semeldtest.Options{})
	answer, err := newClient(t, server.Address).Begin(within(t), "order/1")
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, server.Address, semel.WithTransport(semel.TransportUnary), semel.WithRetry(hasty),
		semel.WithTryTimeout(50*time.Millisecond), semel.WithCallTimeout(patience))
	if err := server.Suspend(); err != nil {
		t.Fatal(err)
	}
	return client, answer.(*semel.Acquired).Token
}

func TestOfTimeoutsTheFirstOfACallIsFree(t *testing.T) {
	client, _ := silent(t)
	for _, tries := range []int{3, 2, 2} {
		_, err := client.Lookup(within(t), "order/1")
		wantTries(t, err, tries, true)
	}
}

func TestReportsGoOnWithoutABudget(t *testing.T) {
	client, token := silent(t)
	_, err := client.Lookup(within(t), "order/1")
	wantTries(t, err, 3, true)
	for name, report := range map[string]func(context.Context) error{
		"Complete": func(ctx context.Context) error {
			_, err := client.Complete(ctx, "order/1", token, semel.Result{})
			return err
		},
		"Renew": func(ctx context.Context) error {
			_, err := client.Renew(ctx, "order/1", token)
			return err
		},
		"Release": func(ctx context.Context) error { return client.Release(ctx, "order/1", token) },
		"BatchComplete": func(ctx context.Context) error {
			_, err := client.BatchComplete(ctx, []semel.CompleteRequest{{Key: "order/1", Token: token, Ending: semel.Result{}}})
			return err
		},
		"BatchRenew": func(ctx context.Context) error {
			_, err := client.BatchRenew(ctx, []semel.RenewRequest{{Key: "order/1", Token: token}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantTries(t, report(within(t)), hasty.MaxTries, false) })
	}
}
