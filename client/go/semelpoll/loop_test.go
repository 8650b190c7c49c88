package semelpoll_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelpoll"
)

func TestManyConsumersOfOneTopicProcessEachRecordOnce(t *testing.T) {
	const records, consumers = 600, 3
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	values := make([]string, records)
	for i := range values {
		values[i] = fmt.Sprintf("order %d", i)
	}
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle})
	ctx := adaptertest.Within(t)
	var wait sync.WaitGroup
	for i := range consumers {
		source := &consumer{topic: recordsOf(values...), perPoll: 100 + i}
		wait.Add(1)
		go func() {
			defer wait.Done()
			if err := loop.Run(ctx, source); !errors.Is(err, errNoMore) || source.committed != records {
				t.Errorf("%v after %d commits", err, source.committed)
			}
		}()
	}
	wait.Wait()
	got := books.all()
	slices.Sort(got)
	slices.Sort(values)
	if !slices.Equal(got, values) {
		t.Errorf("%d effects of %d records", len(got), records)
	}
}

func TestAPollMayHaveMoreRecordsThanABatch(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Handle: books.handle, Concurrency: 64})
	topic := recordsOf(make([]string, semel.MaxBatch+200)...)
	for range 2 {
		if err := loop.Process(adaptertest.Within(t), topic); err != nil {
			t.Fatal(err)
		}
	}
	if effects := len(books.all()); effects != len(topic) {
		t.Errorf("%d effects", effects)
	}
}

// As a producer's retry makes them: the header is the same, the offset is not.
func TestARecordThatWasProducedTwiceIsProcessedOnce(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{
		Key:    func(r record) (string, error) { return semel.KeyOf("order", r.value) },
		Handle: books.handle,
	})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a", "b", "a", "b", "a")); err != nil {
		t.Fatal(err)
	}
	got := books.all()
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v", got)
	}
}

func TestLeasesAreKeptAliveWhileRecordsWaitForTheirTurn(t *testing.T) {
	const lease = 2 * time.Second
	server := semeldtest.Start(t, semeldtest.Options{})
	client := adaptertest.NewClient(t, server.Address)
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Lease: lease, Concurrency: 1,
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if r.value == "b" {
				return books.handle(ctx, r, attempt)
			}
			// Somebody else waits for longer than a lease, and does not get the record that waits, too.
			answer, err := client.Begin(ctx, "billing/orders/0/1", semel.WithWait(lease+lease/2))
			if err != nil {
				return semel.Result{}, err
			}
			if running, ok := answer.(*semel.InProgress); !ok || running.Attempt != 1 {
				t.Errorf("got %+v", answer)
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a", "b")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(books.all(), []string{"a", "b"}) {
		t.Errorf("got %v", books.all())
	}
}

func TestRecordsOfOneOrderGoOneAfterTheOther(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	var books ledger
	var failures sync.Map
	loop, _ := newLoop(t, client, semelpoll.Config[record]{
		Order: func(r record) string { return r.value[:1] },
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			// The first of account a fails for now, the first time.
			if _, failed := failures.LoadOrStore(r.value, true); !failed && r.value == "a1" {
				return semel.Result{}, semel.Retryable("BUSY", "", 0)
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Process(adaptertest.Within(t), recordsOf("a1", "b1", "a2", "b2", "a3", "b3")); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"a", "b"} {
		got := slices.DeleteFunc(books.all(), func(value string) bool { return !strings.HasPrefix(value, account) })
		if !slices.Equal(got, []string{account + "1", account + "2", account + "3"}) {
			t.Errorf("got %v", got)
		}
	}
}

func TestWhatHasBegunIsFinishedWhenTheLoopEnds(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	ctx, stop := context.WithCancel(adaptertest.Within(t))
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Concurrency: 1,
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			stop()
			if ctx.Err() != nil {
				t.Error("the handler was cut off")
			}
			return books.handle(ctx, r, attempt)
		}})
	source := &consumer{topic: recordsOf("a", "b"), perPoll: 2}
	if err := loop.Run(ctx, source); !errors.Is(err, context.Canceled) || source.committed != 0 {
		t.Errorf("%v after %d commits", err, source.committed)
	}
	wantState(t, client, 0, semel.StateDone)
	// The other was given back: it can be had at once.
	answer, err := client.Begin(adaptertest.Within(t), "billing/orders/0/1")
	if acquired, ok := answer.(*semel.Acquired); err != nil || !ok || acquired.Previous != semel.PreviousReleased {
		t.Errorf("got %+v, %v", answer, err)
	}
}

func TestHandlersAreCutOffWhereItIsWanted(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	ctx, stop := context.WithCancel(adaptertest.Within(t))
	loop, _ := newLoop(t, client, semelpoll.Config[record]{CancelHandlers: true,
		Handle: func(ctx context.Context, _ record, _ *semel.Attempt) (semel.Result, error) {
			stop()
			<-ctx.Done()
			return semel.Result{}, ctx.Err()
		}})
	if err := loop.Process(ctx, recordsOf("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantState(t, client, 0, semel.StateInProgress) // nobody knows how far it came
}

func TestAPanicGoesOnOnceTheOthersAreRecorded(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	bothRun := make(chan struct{})
	var books ledger
	loop, _ := newLoop(t, client, semelpoll.Config[record]{
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if r.value == "b" {
				<-bothRun
				panic("no paper")
			}
			close(bothRun)
			return books.handle(ctx, r, attempt)
		}})
	func() {
		defer func() {
			if value := recover(); value == nil || !strings.Contains(fmt.Sprint(value), "no paper") {
				t.Errorf("got %v", value)
			}
		}()
		_ = loop.Process(adaptertest.Within(t), recordsOf("a", "b"))
	}()
	wantState(t, client, 0, semel.StateDone)
	wantState(t, client, 1, semel.StateInProgress)
}

func TestAKilledServerLosesNoRecord(t *testing.T) {
	const records = 400
	directory := t.TempDir()
	server := semeldtest.Start(t, semeldtest.Options{Directory: directory})
	client := adaptertest.NewClient(t, server.Address, semel.WithCallTimeout(adaptertest.Patience),
		semel.WithRetry(semel.RetryPolicy{Budget: -1}))
	values := make([]string, records)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	var books ledger
	killed := make(chan error, 1)
	var once sync.Once
	loop, _ := newLoop(t, client, semelpoll.Config[record]{Lease: time.Second,
		Handle: func(ctx context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
			if r.offset >= records/2 {
				once.Do(func() {
					killed <- server.Kill()
					go func() {
						defer close(killed)
						semeldtest.Start(t, semeldtest.Options{Directory: directory, Listen: server.Address})
					}()
				})
			}
			return books.handle(ctx, r, attempt)
		}})
	if err := loop.Run(adaptertest.Within(t), &consumer{topic: recordsOf(values...), perPoll: 100}); !errors.Is(err, errNoMore) {
		t.Fatal(err)
	}
	for err := range killed {
		if err != nil {
			t.Error(err)
		}
	}
	told := map[string]int{}
	for i, value := range books.effects {
		if told[value]++; told[value] > 1 && books.previous[i] != semel.PreviousAbandoned {
			t.Errorf("%s: repeated without a warning", value)
		}
	}
	if len(told) != records {
		t.Errorf("%d records had effects", len(told))
	}
	for offset := range int64(records) {
		wantState(t, client, offset, semel.StateDone)
	}
}
