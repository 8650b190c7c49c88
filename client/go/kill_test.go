package semel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// ledger is where the effects go: it fences on the token, as a downstream store should.
type ledger struct {
	mu      sync.Mutex
	effects map[string][]effect
	count   int
	grown   chan struct{}
}

type effect struct {
	token    int64
	previous semel.Previous
}

func (l *ledger) write(a *semel.Attempt) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.effects[a.Key()] = append(l.effects[a.Key()], effect{a.Token(), a.Previous()})
	l.count++
	select {
	case l.grown <- struct{}{}:
	default:
	}
	return fmt.Sprintf("%s by %d", a.Key(), a.Token())
}

func (l *ledger) awaitCount(ctx context.Context, count int) error {
	for {
		l.mu.Lock()
		reached := l.count >= count
		l.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-l.grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Every order is asked for twice, by workers that race, while the server is killed, or stopped, and comes back on the same data.
func TestKilledServersLoseNoOutcomeAndRepeatNoEffectUnknowingly(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		const orders, workers, kills = 1200, 8, 3
		directory := t.TempDir()
		server := semeldtest.Start(t, semeldtest.Options{Directory: directory})
		client := newClient(t, server.Address, semel.WithTransport(transport), semel.WithLease(time.Second),
			semel.WithCallTimeout(patience), semel.WithRetry(semel.RetryPolicy{Budget: -1}))
		books := &ledger{effects: map[string][]effect{}, grown: make(chan struct{}, 1)}
		ctx := within(t)

		queue := make(chan string)
		values := make([]map[string]string, workers)
		var wait sync.WaitGroup
		for worker := range workers {
			values[worker] = map[string]string{}
			wait.Add(1)
			go func() {
				defer wait.Done()
				for key := range queue {
					values[worker][key] = settle(ctx, t, client, books, key)
				}
			}()
		}
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			for kill := 1; kill <= kills; kill++ {
				if err := books.awaitCount(ctx, kill*orders/(kills+1)); err != nil {
					t.Error(err)
					return
				}
				if err := end(ctx, server, kill); err != nil {
					t.Error(err)
				}
				again, err := semeldtest.Launch(ctx, semeldtest.Options{Directory: directory, Listen: server.Address})
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() {
					if err := again.Kill(); err != nil {
						t.Error(err)
					}
				})
				server = again
			}
		}()
		for i := range 2 * orders {
			queue <- fmt.Sprintf("order/%d", i/2)
		}
		close(queue)
		wait.Wait()
		<-killed
		books.check(t, values, orders)
	})
}

// end ends the server: every other time without a goodbye.
func end(ctx context.Context, server *semeldtest.Process, turn int) error {
	if turn%2 == 1 {
		return server.Kill()
	}
	return errors.Join(server.Terminate(), server.AwaitExit(ctx))
}

// settle asks until the order has an outcome.
func settle(ctx context.Context, t *testing.T, client *semel.Client, books *ledger, key string) string {
	for ctx.Err() == nil {
		outcome, err := semel.Run(ctx, client, key, func(_ context.Context, a *semel.Attempt) (string, error) {
			return books.write(a), nil
		}, semel.WithWait(5*time.Second))
		if err == nil {
			return outcome.Value
		}
		var running *semel.AlreadyRunningError
		var unrecorded *semel.NotRecordedError
		var lost *semel.LeaseLostError
		if !errors.As(err, &running) && !errors.As(err, &unrecorded) && !errors.As(err, &lost) {
			t.Errorf("%s: %v", key, err)
			return ""
		}
	}
	t.Errorf("%s: %v", key, ctx.Err())
	return ""
}

func (l *ledger) check(t *testing.T, values []map[string]string, orders int) {
	t.Helper()
	repeated := 0
	for i := range orders {
		key := fmt.Sprintf("order/%d", i)
		effects := l.effects[key]
		if len(effects) == 0 {
			t.Errorf("%s: no effect", key)
			continue
		}
		for j, each := range effects[1:] {
			repeated++
			if each.previous != semel.PreviousAbandoned || each.token <= effects[j].token {
				t.Errorf("%s: repeated without a warning: %+v", key, effects)
			}
		}
		want := fmt.Sprintf("%s by %d", key, effects[len(effects)-1].token)
		for _, got := range values {
			if value, asked := got[key]; asked && value != want {
				t.Errorf("%s: told %q, not %q", key, value, want)
			}
		}
	}
	t.Logf("%d effects of %d orders, %d repeated by attempts that were told", l.count, orders, repeated)
}
