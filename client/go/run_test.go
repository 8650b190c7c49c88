package semel_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

type receipt struct {
	Order  string `json:"order"`
	Amount int    `json:"amount"`
}

func charging(calls *atomic.Int32) func(context.Context, *semel.Attempt) (receipt, error) {
	return func(_ context.Context, a *semel.Attempt) (receipt, error) {
		calls.Add(1)
		return receipt{Order: a.Key(), Amount: 1250}, nil
	}
}

func mustNotRun(t *testing.T) func(context.Context, *semel.Attempt) (string, error) {
	return func(context.Context, *semel.Attempt) (string, error) {
		t.Error("the function was called")
		return "", nil
	}
}

func TestRunGivesBackWhatRanOrWhatIsReplayed(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	var calls atomic.Int32
	want := receipt{Order: "order/17", Amount: 1250}

	first, err := semel.Run(within(t), client, "order/17", charging(&calls))
	if err != nil {
		t.Fatal(err)
	}
	if first.Value != want || first.Replayed || first.Token <= 0 || first.Attempt != 1 || first.ExpireTime.IsZero() {
		t.Errorf("ran: %+v", first)
	}
	again, err := semel.Run(within(t), client, "order/17", charging(&calls))
	if err != nil {
		t.Fatal(err)
	}
	if again.Value != want || !again.Replayed || !again.ExpireTime.Equal(first.ExpireTime) {
		t.Errorf("replayed: %+v", again)
	}
	if calls.Load() != 1 {
		t.Errorf("the function was called %d times", calls.Load())
	}
}

func TestManyDuplicatesHaveOneEffect(t *testing.T) {
	for _, transport := range []semel.Transport{semel.TransportAuto, semel.TransportUnary, semel.TransportStream} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			server := semeldtest.Start(t, semeldtest.Options{})
			client := newClient(t, server.Address, semel.WithTransport(transport))
			var calls, replays atomic.Int32
			var wait sync.WaitGroup
			for range 50 {
				wait.Add(1)
				go func() {
					defer wait.Done()
					outcome, err := semel.Run(within(t), client, "order/17", charging(&calls), semel.WithWait(patience))
					if err != nil {
						t.Error(err)
						return
					}
					if outcome.Replayed {
						replays.Add(1)
					}
					if outcome.Value.Amount != 1250 {
						t.Errorf("got %+v", outcome)
					}
				}()
			}
			wait.Wait()
			if calls.Load() != 1 || replays.Load() != 49 {
				t.Errorf("%d effects, %d replays", calls.Load(), replays.Load())
			}
		})
	}
}

func TestDoDecodesTheSameWayBothTimes(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	for name, value := range map[string]any{
		"bytes": []byte{0, 255}, "text": "caf\u00e9", "nothing": nil, "a number": 17.0, "a list": []any{"a", true},
	} {
		for _, replayed := range []bool{false, true} {
			outcome, err := client.Do(within(t), "value/"+name, func(context.Context, *semel.Attempt) (any, error) { return value, nil })
			if err != nil || outcome.Replayed != replayed {
				t.Fatalf("%s: %+v, %v", name, outcome, err)
			}
			var got any
			if err := outcome.Decode(&got); err != nil || !reflect.DeepEqual(got, value) {
				t.Errorf("%s: got %#v, %v", name, got, err)
			}
		}
	}
}

func TestCodeBelowFindsTheAttemptInItsContext(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	if _, ok := semel.AttemptFrom(within(t)); ok {
		t.Error("there is an attempt outside of a run")
	}
	wantAttempt := func(ctx context.Context, key string, token int64) {
		t.Helper()
		if a, ok := semel.AttemptFrom(ctx); !ok || a.Key() != key || a.Token() != token {
			t.Errorf("got %+v", a)
		}
	}
	_, err := semel.Run(within(t), client, "outer", func(ctx context.Context, a *semel.Attempt) (string, error) {
		wantAttempt(ctx, "outer", a.Token())
		_, err := client.Do(ctx, "inner", func(ctx context.Context, a *semel.Attempt) (any, error) {
			wantAttempt(ctx, "inner", a.Token())
			return nil, nil
		})
		wantAttempt(ctx, "outer", a.Token())
		return "", err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAResultIsStoredAsItIs(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	page := semel.Result{Payload: []byte("<p>"), ContentType: "text/html", Attributes: map[string]string{"status": "201"}}
	for _, replayed := range []bool{false, true} {
		outcome, err := semel.Run(within(t), client, "page/1", func(context.Context, *semel.Attempt) (semel.Result, error) {
			return page, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := outcome.Value
		if outcome.Replayed != replayed || !bytes.Equal(got.Payload, page.Payload) || got.ContentType != page.ContentType ||
			got.Attributes["status"] != "201" {
			t.Errorf("got %+v", outcome)
		}
	}
}

func TestAnswersThatAreNoOutcomeAreErrorsOfTheirOwn(t *testing.T) {
	server, elapse := standing(t, "namespaces:\n  shop:\n    on_lapse: in_doubt\n")
	client := newClient(t, server.Address)

	acquired, err := client.Begin(within(t), "order/1", semel.WithLease(10*time.Second), semel.WithOwner("till-3"),
		semel.WithFingerprint([]byte("two books")))
	if err != nil {
		t.Fatal(err)
	}
	token := acquired.(*semel.Acquired).Token

	_, err = semel.Run(within(t), client, "order/1", mustNotRun(t))
	var running *semel.AlreadyRunningError
	if !errors.As(err, &running) || running.Owner != "till-3" || running.Attempt != 1 || running.LeaseRemaining != 10*time.Second ||
		running.RetryAfter <= 0 {
		t.Errorf("got %+v, %v", running, err)
	}

	_, err = semel.Run(within(t), client, "order/1", mustNotRun(t), semel.WithFingerprint([]byte("three books")))
	var mismatch *semel.FingerprintMismatchError
	if !errors.As(err, &mismatch) || !errors.Is(err, semel.ErrFingerprintMismatch) {
		t.Errorf("got %v", err)
	}

	if _, err := client.Checkpoint(within(t), "order/1", token, []byte("sent"), true); err != nil {
		t.Fatal(err)
	}
	elapse(10 * time.Second)
	_, err = semel.Run(within(t), client, "order/1", mustNotRun(t))
	var doubt *semel.InDoubtError
	if !errors.As(err, &doubt) || doubt.Owner != "till-3" || string(doubt.Checkpoint) != "sent" || doubt.Since.IsZero() {
		t.Errorf("got %+v, %v", doubt, err)
	}

	if _, err := client.Complete(within(t), "order/1", token, semel.Result{}, semel.WithRetention(time.Minute)); err != nil {
		t.Fatal(err)
	}
	elapse(time.Minute)
	_, err = semel.Run(within(t), client, "order/1", mustNotRun(t))
	var expired *semel.ExpiredError
	if !errors.As(err, &expired) || expired.CompleteTime.IsZero() {
		t.Errorf("got %+v, %v", expired, err)
	}
}

func TestWhatIsTooLargeIsRecordedWithoutItsPayload(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	var log logLines
	client := newClient(t, server.Address, semel.WithLogger(log.logger()))
	for name, size := range map[string]int{"refused by the server": 1<<20 + 1, "more than a message": 5 << 20} {
		large := strings.Repeat("x", size)
		first, err := semel.Run(within(t), client, "large/"+name, func(context.Context, *semel.Attempt) (string, error) {
			return large, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !first.Omitted || first.Value != large || first.Refused == "" || len(first.LeftOut) != 1 || first.LeftOut[0] != "result.payload" {
			t.Errorf("%s: omitted %v, refused %q, left out %v", name, first.Omitted, first.Refused, first.LeftOut)
		}
		again, err := semel.Run(within(t), client, "large/"+name, mustNotRun(t))
		if err != nil || !again.Omitted || !again.Replayed || again.Value != "" {
			t.Errorf("%s: replayed %+v, %v", name, again, err)
		}
	}
	if lines := log.all(); len(lines) != 2 || !strings.Contains(lines[0], "level=WARN") {
		t.Errorf("logged %q", lines)
	}
}

func TestARetentionThatIsNotAllowedIsLeftOut(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithLogger(new(logLines).logger()))
	outcome, err := semel.Run(within(t), client, "order/1", charging(new(atomic.Int32)), semel.WithRetention(1000*24*time.Hour))
	if err != nil || len(outcome.LeftOut) != 1 || outcome.LeftOut[0] != "retention" || outcome.Omitted {
		t.Errorf("got %+v, %v", outcome, err)
	}
	wantState(t, client, "order/1", semel.StateDone)
}

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("not today") }

func TestWhatCannotBeEncodedIsRecordedWithoutIt(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithLogger(new(logLines).logger()))
	for name, value := range map[string]any{"no JSON": make(chan int), "a panic": panicking{}} {
		outcome, err := client.Do(within(t), "odd/"+name, func(context.Context, *semel.Attempt) (any, error) { return value, nil })
		if err != nil || !outcome.Omitted || outcome.Refused == "" {
			t.Errorf("%s: %+v, %v", name, outcome, err)
		}
		wantState(t, client, "odd/"+name, semel.StateDone)
	}
}

func TestAResultOfAnotherTypeIsADecodeError(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	if _, err := semel.Run(within(t), client, "k", func(context.Context, *semel.Attempt) (string, error) { return "text", nil }); err != nil {
		t.Fatal(err)
	}
	outcome, err := semel.Run(within(t), client, "k", charging(new(atomic.Int32)))
	var odd *semel.DecodeError
	if !errors.As(err, &odd) || outcome == nil || string(outcome.Result.Payload) != "text" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestTheNextAttemptIsHandedTheCheckpoint(t *testing.T) {
	server, elapse := standing(t, "")
	client := newClient(t, server.Address)
	lost := errors.New("power cut")
	_, err := semel.Run(within(t), client, "order/1", func(ctx context.Context, a *semel.Attempt) (string, error) {
		if err := a.Save(ctx, []byte("reserved")); err != nil {
			return "", err
		}
		return "", semel.WithVerdict(lost, semel.Unknown{})
	}, semel.WithLease(10*time.Second))
	if !errors.Is(err, lost) {
		t.Fatal(err)
	}
	elapse(10 * time.Second)
	outcome, err := semel.Run(within(t), client, "order/1", func(_ context.Context, a *semel.Attempt) (string, error) {
		return a.Previous().String() + " " + string(a.Checkpoint()), nil
	})
	if err != nil || outcome.Value != "abandoned reserved" || outcome.Attempt != 2 {
		t.Errorf("got %+v, %v", outcome, err)
	}
}
