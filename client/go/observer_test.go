package semel_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// recorder keeps how runs ended.
type recorder struct {
	mu   sync.Mutex
	ends []semel.RunEnd
}

func (r *recorder) RunBegins(ctx context.Context, run semel.RunInfo) (context.Context, func(semel.RunEnd)) {
	return context.WithValue(ctx, r, run.Key), func(end semel.RunEnd) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ends = append(r.ends, end)
	}
}

func TestAnObserverIsToldHowRunsEnd(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	observer := &recorder{}
	client := newClient(t, server.Address, semel.WithObserver(observer))
	run := func(key string, fn func(context.Context, *semel.Attempt) (string, error), options ...semel.RunOption) {
		_, err := semel.Run(within(t), client, key, func(ctx context.Context, a *semel.Attempt) (string, error) {
			if ctx.Value(observer) != key {
				t.Error("the function has not the observer's context")
			}
			return fn(ctx, a)
		}, options...)
		if last := observer.ends[len(observer.ends)-1]; last.Err != err {
			t.Errorf("%s: told %v, answered %v", key, last.Err, err)
		}
	}
	ok := func(context.Context, *semel.Attempt) (string, error) { return "ok", nil }
	run("done", ok, semel.WithFingerprint([]byte("a")))
	run("done", ok)
	run("done", ok, semel.WithFingerprint([]byte("b")))
	run("failed", failing(semel.Final("NO", "")))
	run("released", failing(semel.WithVerdict(errors.New("x"), semel.GiveBack{})))
	run("unknown", failing(context.DeadlineExceeded))
	run("unknown", ok)
	run("", ok)
	run("forgotten", forgotten(t, server.Address, nil))
	func() {
		defer func() { _ = recover() }()
		run("panic", func(context.Context, *semel.Attempt) (string, error) { panic("x") })
	}()

	want := []semel.RunAnswer{semel.RunDone, semel.RunDone, semel.RunMismatch, semel.RunFailed, semel.RunReleased, semel.RunUnknown,
		semel.RunInProgress, semel.RunNotBegun, semel.RunNotRecorded, semel.RunUnknown}
	wantRan := []bool{true, false, false, true, true, true, false, false, true, true}
	var got []semel.RunAnswer
	var ran []bool
	for _, end := range observer.ends {
		got, ran = append(got, end.Answer), append(ran, end.Ran)
		if end.Ran && (end.Attempt != 1 || end.Previous != semel.PreviousNone) {
			t.Errorf("got %+v", end)
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(ran, wantRan) {
		t.Errorf("got  %v %v\nwant %v %v", got, ran, want, wantRan)
	}
}
