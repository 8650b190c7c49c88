// Package adaptertest is what the tests of the adapters share: clients of real semeld processes, and a log to look at.
package adaptertest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// Patience is longer than anything in the tests takes: only a failure gets there.
const Patience = 30 * time.Second

// Main runs a package's tests, none of which may leave a goroutine behind.
func Main(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Within is a context that ends when a test has run out of patience.
func Within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// NewClient connects to a server for the length of the test, in the namespace shop.
func NewClient(t testing.TB, address string, options ...semel.Option) *semel.Client {
	t.Helper()
	client, err := semel.New(address, append([]semel.Option{semel.WithNamespace("shop"), semel.WithOwner("test")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// Standing is a server whose time stands still until the test moves it.
func Standing(t testing.TB, config string) (server *semeldtest.Process, elapse func(time.Duration)) {
	t.Helper()
	clock := int64(1_700_000_000_000_000)
	server = semeldtest.Start(t, semeldtest.Options{Config: config, TestClock: &clock})
	return server, func(by time.Duration) {
		t.Helper()
		if err := server.Elapse(t.Context(), by); err != nil {
			t.Fatal(err)
		}
	}
}

// AwaitWaiters returns when so many Begins wait at the server.
func AwaitWaiters(t testing.TB, server *semeldtest.Process, want float64) {
	t.Helper()
	ctx := Within(t)
	for {
		got, err := server.Metric(ctx, "semel_waiters")
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
	}
}

// Log keeps what is logged.
type Log struct {
	mu    sync.Mutex
	text  strings.Builder
	grown chan struct{} // closed by the next line; nil where nobody waits
}

// Logger writes to it.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write is as io.Writer says.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.text.Write(line)
}

// Text is all of it.
func (l *Log) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Await returns when the words are logged, or the context has ended.
func (l *Log) Await(ctx context.Context, words string) error {
	for {
		l.mu.Lock()
		if strings.Contains(l.text.String(), words) {
			l.mu.Unlock()
			return nil
		}
		if l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("nobody logged %q: %w", words, ctx.Err())
		}
	}
}
