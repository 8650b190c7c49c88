package semel_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// No test may leave a goroutine behind: every Client is closed, and Close ends what it started.
func TestMain(m *testing.M) {
	code := m.Run()
	endExamples()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Longer than anything in the tests takes: only a failure gets there.
const patience = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func newClient(t *testing.T, address string, options ...semel.Option) *semel.Client {
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

func newAdmin(t *testing.T, address string) *semel.AdminClient {
	t.Helper()
	admin, err := semel.NewAdmin(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	return admin
}

// standing is a server whose time stands still until the test moves it.
func standing(t *testing.T, config string) (*semeldtest.Process, func(time.Duration)) {
	t.Helper()
	clock := int64(1_700_000_000_000_000)
	server := semeldtest.Start(t, semeldtest.Options{Config: config, TestClock: &clock})
	return server, func(by time.Duration) {
		t.Helper()
		if err := server.Elapse(t.Context(), by); err != nil {
			t.Fatal(err)
		}
	}
}

func mustLookup(t *testing.T, client *semel.Client, key string) *semel.Record {
	t.Helper()
	record, err := client.Lookup(within(t), key)
	if err != nil {
		t.Fatal(err)
	}
	if record == nil {
		t.Fatalf("%s: there is no record", key)
	}
	return record
}

func wantState(t *testing.T, client *semel.Client, key string, want semel.State) {
	t.Helper()
	if got := mustLookup(t, client, key).State; got != want {
		t.Errorf("%s is %v, not %v", key, got, want)
	}
}

// logLines keeps what is logged.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

func (l *logLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}
