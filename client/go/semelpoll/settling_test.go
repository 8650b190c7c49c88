package semelpoll_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelpoll"
)

// What a killed command answers does not tell that the context has ended.
func TestACommandThatWasKilledLeavesOpenWhatHappened(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	ctx, stop := context.WithCancel(adaptertest.Within(t))
	loop, _ := newLoop(t, client, semelpoll.Config[record]{CancelHandlers: true,
		Handle: func(ctx context.Context, _ record, _ *semel.Attempt) (semel.Result, error) {
			command := exec.CommandContext(ctx, "sleep", "3600")
			if err := command.Start(); err != nil {
				return semel.Result{}, err
			}
			stop()
			return semel.Result{}, command.Wait()
		}})
	if err := loop.Process(ctx, recordsOf("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantState(t, client, 0, semel.StateInProgress)
}

func TestThePolicyOfTheClientCountsWhereTheLoopHasNone(t *testing.T) {
	noPaper := errors.New("no paper")
	policy := func(reason string) semel.ErrorPolicy {
		return func(err error, attempt *semel.Attempt) semel.Verdict {
			if err == noPaper {
				return semel.Failure{Reason: reason}
			}
			return semel.DefaultErrorPolicy(err, attempt)
		}
	}
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address, semel.WithErrorPolicy(policy("OF_THE_CLIENT")))
	for i, each := range []struct {
		ofLoop semel.ErrorPolicy
		want   string
	}{{nil, "OF_THE_CLIENT"}, {policy("OF_THE_LOOP"), "OF_THE_LOOP"}} {
		loop, _ := newLoop(t, client, semelpoll.Config[record]{ErrorPolicy: each.ofLoop,
			Handle: func(context.Context, record, *semel.Attempt) (semel.Result, error) { return semel.Result{}, noPaper }})
		if err := loop.Process(adaptertest.Within(t), []record{{offset: int64(i)}}); err != nil {
			t.Fatal(err)
		}
		found := wantState(t, client, int64(i), semel.StateFailed)
		if failure, ok := found.Ending.(semel.Failure); !ok || failure.Reason != each.want {
			t.Errorf("got %+v", found.Ending)
		}
	}
}

// killing is a loop whose handler's effect happens, and whose service is gone then.
func killing(t *testing.T, then func(), err error) (*semelpoll.Loop[record], *adaptertest.Log) {
	t.Helper()
	server := semeldtest.Start(t, semeldtest.Options{})
	client := adaptertest.NewClient(t, server.Address, semel.WithCompleteTimeout(100*time.Millisecond))
	return newLoop(t, client, semelpoll.Config[record]{
		Handle: func(context.Context, record, *semel.Attempt) (semel.Result, error) {
			then()
			if err := server.Kill(); err != nil {
				t.Error(err)
			}
			return semel.Result{}, err
		}})
}

// Delivered again, it would be processed again.
func TestWhatHappenedIsCommittedThoughItCannotBeRecorded(t *testing.T) {
	loop, log := killing(t, func() {}, nil)
	source := &consumer{topic: recordsOf("a"), perPoll: 1}
	if err := loop.Run(adaptertest.Within(t), source); !errors.Is(err, errNoMore) || source.committed != 1 {
		t.Errorf("%v after %d commits", err, source.committed)
	}
	if text := log.Text(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "is not recorded; it counts as settled") {
		t.Errorf("logged %s", text)
	}
}

func TestWhatHappenedIsCommittedThoughTheLoopEnds(t *testing.T) {
	ctx, stop := context.WithCancel(adaptertest.Within(t))
	loop, _ := killing(t, stop, nil)
	source := &consumer{topic: recordsOf("a"), perPoll: 1}
	if err := loop.Run(ctx, source); !errors.Is(err, context.Canceled) || source.committed != 1 {
		t.Errorf("%v after %d commits", err, source.committed)
	}
}

func TestWhatFailedIsNotCommittedWhereThatCannotBeRecorded(t *testing.T) {
	ctx, stop := context.WithCancel(adaptertest.Within(t))
	loop, log := killing(t, stop, semel.Retryable("BUSY", "", 0))
	source := &consumer{topic: recordsOf("a"), perPoll: 1}
	if err := loop.Run(ctx, source); !errors.Is(err, context.Canceled) || source.committed != 0 {
		t.Errorf("%v after %d commits", err, source.committed)
	}
	if !strings.Contains(log.Text(), "asked about again") {
		t.Errorf("logged %s", log.Text())
	}
}

func TestWhatHappenedIsSettledThoughTheServiceRefusesTheReport(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := adaptertest.NewClient(t, server.Address)
	admin, err := semel.NewAdmin(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	loop, log := newLoop(t, client, semelpoll.Config[record]{
		Handle: func(ctx context.Context, _ record, attempt *semel.Attempt) (semel.Result, error) {
			_, err := admin.DeleteKey(ctx, semel.DeleteKeyRequest{Namespace: "shop", Key: attempt.Key(), Reason: "a test", Actor: "test"})
			return semel.Result{}, err
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.Text(), "it counts as settled") {
		t.Errorf("logged %s", log.Text())
	}
}

func TestAClosedClientStopsTheLoop(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle})
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	var stopped *semelpoll.StoppedError
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); !errors.As(err, &stopped) || !errors.Is(err, semel.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
