package semelpoll_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelpoll"
)

func TestWhatFailedForNowIsAskedAboutAgain(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var runs atomic.Int32
	var books ledger
	loop, log := newLoop(t, client, semelpoll.Config[record]{
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if runs.Add(1) < 3 {
				return semel.Result{}, errors.New("out of paper")
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Fatal(err)
	}
	if found := wantState(t, client, 0, semel.StateDone); found.Attempt != 3 || found.Previous != semel.PreviousFailed {
		t.Errorf("got %+v", found)
	}
	if !strings.Contains(log.Text(), "out of paper") {
		t.Errorf("logged %s", log.Text())
	}
}

func TestWhatIsOverIsSkipped(t *testing.T) {
	server, elapse := adaptertest.Standing(t, "")
	client := adaptertest.NewClient(t, server.Address)
	var runs atomic.Int32
	loop, log := newLoop(t, client, semelpoll.Config[record]{Retention: time.Minute,
		Handle: func(_ context.Context, r record, _ *semel.Attempt) (semel.Result, error) {
			runs.Add(1)
			if r.value == "bad" {
				return semel.Result{}, semel.Final("NO_ORDER", "it is no order")
			}
			return semel.Result{}, nil
		}})
	for range 2 {
		if err := loop.Process(adaptertest.Within(t), recordsOf("good", "bad")); err != nil {
			t.Fatal(err)
		}
	}
	wantState(t, client, 0, semel.StateDone)
	wantState(t, client, 1, semel.StateFailed)
	elapse(time.Minute)
	if err := loop.Process(adaptertest.Within(t), recordsOf("good", "bad")); err != nil {
		t.Fatal(err)
	}
	wantState(t, client, 0, semel.StateExpired)
	if runs.Load() != 2 || strings.Count(log.Text(), "is skipped") != 4 {
		t.Errorf("it ran %d times, logged %s", runs.Load(), log.Text())
	}
}

func TestADoubtStopsTheLoopAndTheOthersAreRecorded(t *testing.T) {
	server, elapse := adaptertest.Standing(t, "")
	client := adaptertest.NewClient(t, server.Address)
	answer, err := client.Begin(adaptertest.Within(t), "billing/orders/0/1", semel.WithLease(10*time.Second), semel.WithOwner("till-3"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Checkpoint(adaptertest.Within(t), "billing/orders/0/1", answer.(*semel.Acquired).Token, []byte("sent"), true); err != nil {
		t.Fatal(err)
	}
	elapse(10 * time.Second)
	// One after the other, so that the first has ended when the second stops the loop.
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle, Concurrency: 1})
	source := &consumer{topic: recordsOf("a", "b", "c"), perPoll: 3}
	err = loop.Run(adaptertest.Within(t), source)
	var stopped *semelpoll.StoppedError
	var doubt *semel.InDoubtError
	if !errors.As(err, &stopped) || stopped.Key != "billing/orders/0/1" || !errors.As(err, &doubt) || string(doubt.Checkpoint) != "sent" ||
		source.committed != 0 {
		t.Errorf("got %v after %d commits", err, source.committed)
	}
	wantState(t, client, 0, semel.StateDone)
	if !slices.Equal(books.all(), []string{"a"}) {
		t.Errorf("got %v", books.all())
	}
	// A policy of one's own lets it go.
	var asked atomic.Int32
	loop, _ = newLoop(t, client, semelpoll.Config[record]{Handle: books.handle,
		Policy: func(ctx context.Context, r record, err error, count int) semelpoll.Action {
			if errors.As(err, &doubt) && r.value == "b" && count == 1 {
				asked.Add(1)
				return semelpoll.Skip
			}
			return semelpoll.DefaultPolicy(ctx, r, err, count)
		}})
	if err := loop.Process(adaptertest.Within(t), source.topic); err != nil || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
	if !slices.Equal(books.all(), []string{"a", "c"}) {
		t.Errorf("got %v", books.all())
	}
}

func TestARecordOfAnotherContentStopsTheLoop(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle,
		Fingerprint: func(r record) ([]byte, error) { return semel.Fingerprint(r.value) }})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Fatal(err)
	}
	err := loop.Process(adaptertest.Within(t), recordsOf("b"))
	var mismatch *semel.FingerprintMismatchError
	if !errors.As(err, &mismatch) || mismatch.Key != "billing/orders/0/0" {
		t.Errorf("got %v", err)
	}
}

func TestWhatTheHandlerLeavesOpenIsToldToTheNextAttempt(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Lease: 200 * time.Millisecond,
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if attempt.Number() == 1 {
				if err := attempt.Save(ctx, []byte("reserved")); err != nil {
					t.Error(err)
				}
				return semel.Result{}, context.DeadlineExceeded
			}
			if string(attempt.Checkpoint()) != "reserved" {
				t.Errorf("got %q", attempt.Checkpoint())
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Fatal(err)
	}
	if len(books.previous) != 1 || books.previous[0] != semel.PreviousAbandoned {
		t.Errorf("got %v", books.previous)
	}
}

func TestWhatTheHandlerGivesBackCanBeHadAtOnce(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if attempt.Previous() == semel.PreviousNone {
				return semel.Result{}, semel.WithVerdict(errors.New("no printer"), semel.GiveBack{})
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Fatal(err)
	}
	if len(books.previous) != 1 || books.previous[0] != semel.PreviousReleased {
		t.Errorf("got %v", books.previous)
	}
}

func TestALostLeaseIsNoFailureOfTheRecord(t *testing.T) {
	server, elapse := adaptertest.Standing(t, "")
	client := adaptertest.NewClient(t, server.Address)
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Lease: 10 * time.Second,
		Handle: func(ctx context.Context, _ record, _ *semel.Attempt) (semel.Result, error) {
			elapse(10 * time.Second)
			answer, err := client.Begin(ctx, "billing/orders/0/0")
			if err != nil {
				return semel.Result{}, err
			}
			_, err = client.Complete(ctx, "billing/orders/0/0", answer.(*semel.Acquired).Token, semel.Result{Payload: []byte("theirs")})
			return semel.Result{Payload: []byte("ours")}, err
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); err != nil {
		t.Fatal(err)
	}
	found := wantState(t, client, 0, semel.StateDone)
	if result, ok := found.Ending.(semel.Result); !ok || string(result.Payload) != "theirs" {
		t.Errorf("got %+v", found)
	}
}

func TestWhatTheServiceRefusesStopsTheLoop(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle, Namespace: "No Namespace"})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); !errors.Is(err, semel.ErrFieldInvalid) {
		t.Errorf("got %v", err)
	}
	loop, _ = newLoop(t, client, semelpoll.Config[record]{Handle: books.handle,
		Key: func(record) (string, error) { return semel.KeyOf("billing", "") }})
	var stopped *semelpoll.StoppedError
	if err := loop.Process(adaptertest.Within(t), recordsOf("a")); !errors.As(err, &stopped) {
		t.Errorf("got %v", err)
	}
}

func TestWrongConfigsAreRefused(t *testing.T) {
	client := adaptertest.NewClient(t, "127.0.0.1:1")
	var books ledger
	for name, config := range map[string]semelpoll.Config[record]{
		"key":         {Handle: books.handle},
		"handler":     {Key: keyOf},
		"concurrency": {Key: keyOf, Handle: books.handle, Concurrency: -1},
		"lease":       {Key: keyOf, Handle: books.handle, Lease: -1},
		"retention":   {Key: keyOf, Handle: books.handle, Retention: -1},
	} {
		if _, err := semelpoll.New(client, config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := semelpoll.New(nil, semelpoll.Config[record]{Key: keyOf, Handle: books.handle}); err == nil || !strings.Contains(err.Error(), "pass the Client") {
		t.Errorf("got %v", err)
	}
}
