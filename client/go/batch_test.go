package semel_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

func begins(keys ...string) []semel.BeginRequest {
	requests := make([]semel.BeginRequest, len(keys))
	for i, key := range keys {
		requests[i] = semel.BeginRequest{Key: key}
	}
	return requests
}

func TestBatchItemsAreAloneEach(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	items, err := client.BatchBegin(within(t), begins("m/1", "caf\xe9", "", "m/2"), semel.WithNamespace("mail"))
	if err != nil {
		t.Fatal(err)
	}
	for i, ok := range []bool{true, false, false, true} {
		if _, acquired := items[i].Answer.(*semel.Acquired); acquired != ok || (items[i].Err == nil) != ok {
			t.Errorf("%d: got %+v, %v", i, items[i].Answer, items[i].Err)
		}
	}
	if !errors.Is(items[1].Err, semel.ErrFieldInvalid) || !errors.Is(items[2].Err, semel.ErrFieldInvalid) {
		t.Errorf("got %v and %v", items[1].Err, items[2].Err)
	}
	record, err := client.Lookup(within(t), "m/1", semel.WithNamespace("mail"))
	if err != nil || record == nil {
		t.Errorf("got %+v, %v", record, err)
	}
	renewed, err := client.BatchRenew(within(t), []semel.RenewRequest{
		{Key: "m/1", Token: items[0].Answer.(*semel.Acquired).Token, Options: []semel.RenewOption{semel.WithLease(time.Minute)}},
	}, semel.WithNamespace("mail"))
	if err != nil || renewed[0].Err != nil || renewed[0].Answer != time.Minute {
		t.Errorf("got %+v, %v", renewed, err)
	}
}

func TestABatchOfManyBytesGoesInSeveralMessages(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	keys := make([]string, 9)
	for i := range keys {
		keys[i] = fmt.Sprintf("m/%d", i)
	}
	begun, err := client.BatchBegin(within(t), begins(keys...))
	if err != nil {
		t.Fatal(err)
	}
	payload := bytes.Repeat([]byte("x"), 1<<20)
	completes := make([]semel.CompleteRequest, len(keys))
	for i, key := range keys {
		completes[i] = semel.CompleteRequest{Key: key, Token: begun[i].Answer.(*semel.Acquired).Token, Ending: semel.Result{Payload: payload}}
	}
	completes[4].Ending = semel.Result{Payload: bytes.Repeat(payload, 5)} // no message can carry it
	completed, err := client.BatchComplete(within(t), completes)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range completed {
		if i == 4 {
			if !errors.Is(item.Err, semel.ErrResultTooLarge) {
				t.Errorf("got %v", item.Err)
			}
		} else if item.Err != nil || item.Answer.State != semel.StateDone {
			t.Errorf("%d: got %+v, %v", i, item.Answer, item.Err)
		}
	}
}

func TestALaterMessageOfABatchMayBeLostAlone(t *testing.T) {
	client, proxy := behindProxy(t, semel.TransportUnary, semel.WithRetry(semel.RetryPolicy{MaxTries: 1}))
	begun, err := client.BatchBegin(within(t), begins("m/0", "m/1", "m/2"))
	if err != nil {
		t.Fatal(err)
	}
	completes := make([]semel.CompleteRequest, 3)
	for i := range completes {
		completes[i] = semel.CompleteRequest{Key: fmt.Sprintf("m/%d", i), Token: begun[i].Answer.(*semel.Acquired).Token,
			Ending: semel.Result{Payload: make([]byte, 3<<20-10)}}
	}
	// Each is a message of its own: the server refuses their size, and the second answer is lost.
	proxy.LoseAnswersAfter(1, 1)
	completed, err := client.BatchComplete(within(t), completes)
	if err != nil {
		t.Fatal(err)
	}
	var told [3]*semel.Error
	for i, item := range completed {
		if !errors.As(item.Err, &told[i]) {
			t.Fatalf("%d: got %+v, %v", i, item.Answer, item.Err)
		}
	}
	if told[0].Reason != semel.ErrResultTooLarge || told[0].OutcomeUnknown {
		t.Errorf("got %+v", told[0])
	}
	if told[1].Code != codes.Unavailable || !told[1].OutcomeUnknown {
		t.Errorf("got %+v", told[1])
	}
	if told[2].Code != codes.Unavailable || told[2].OutcomeUnknown {
		t.Errorf("got %+v", told[2])
	}
}
