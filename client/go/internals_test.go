package semel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelv1"
)

func TestBackoffHasFullJitterBelowItsCeiling(t *testing.T) {
	b := newBackoff(50*time.Millisecond, 2*time.Second, 2)
	ceiling := 50 * time.Millisecond
	for range 20 {
		if pause := b.next(time.Minute); pause < time.Minute || pause > time.Minute+ceiling {
			t.Errorf("%v, asked for a minute, with a ceiling of %v", pause, ceiling)
		}
		ceiling = min(2*ceiling, 2*time.Second)
	}
}

func TestRetryBudgetIsATokenBucket(t *testing.T) {
	b := newRetryBudget(2)
	wantLeft := func(want int) {
		t.Helper()
		got := 0
		for b.take() {
			got++
		}
		if got != want {
			t.Errorf("it had %d tokens left, not %d", got, want)
		}
	}
	wantLeft(2)
	for range 10 { // a tenth of a token each
		b.succeeded()
	}
	wantLeft(1)
	for range 1000 { // it has no more than it began with
		b.succeeded()
	}
	wantLeft(2)
}

func TestStreamTrial(t *testing.T) {
	now := time.Now()
	ended := func(code codes.Code, wasOpen bool) streamEnd {
		return streamEnd{err: &Error{Code: code}, wasOpen: wasOpen, began: now}
	}
	var trial streamTrial
	if trial.streamEnded(ended(codes.DeadlineExceeded, false), now); !trial.mayOpen(now) {
		t.Error("where calls are not answered either, nothing is learned")
	}
	trial.callAnswered(now)
	for i := range unavailableInARow {
		if refused := trial.streamEnded(ended(codes.Unavailable, false), now); refused != (i == unavailableInARow-1) {
			t.Errorf("unavailable %d times: refused is %v", i+1, refused)
		}
	}
	if trial.mayOpen(now.Add(firstRest - 1)); !trial.mayOpen(now.Add(firstRest)) {
		t.Error("it rests for longer than it should")
	}
	rest := firstRest
	for range 6 {
		trial.streamEnded(ended(codes.Unimplemented, false), now)
		rest = min(2*rest, longestRest)
		if trial.mayOpen(now.Add(rest-1)) || !trial.mayOpen(now.Add(rest)) {
			t.Errorf("it does not rest for %v", rest)
		}
	}
	trial.streamEnded(ended(codes.Unavailable, true), now)
	trial.streamEnded(ended(codes.Unimplemented, false), now)
	if !trial.mayOpen(now.Add(firstRest)) {
		t.Error("a stream that was open begins anew")
	}
}

func operationOf(key string, wait time.Duration, payload int) *pendingOperation {
	if payload > 0 {
		return newPendingOperation(&operation{Request: &semelv1.SessionRequest_Operation_Complete{Complete: &semelv1.CompleteRequest{
			Key: key, Outcome: &semelv1.CompleteRequest_Result{Result: &semelv1.Result{Payload: make([]byte, payload)}}}}})
	}
	return newPendingOperation(&operation{Request: &semelv1.SessionRequest_Operation_Begin{Begin: &semelv1.BeginRequest{
		Key: key, Wait: durationpb.New(wait)}}})
}

func TestSessionOperationsKeepTheLimitsOfTheStream(t *testing.T) {
	o := sessionOperations{sent: map[uint64]*pendingOperation{}}
	o.setLimits(&semelv1.SessionLimits{MaxOperations: 3, MaxUnanswered: 6})
	var prompt, patient []*pendingOperation
	for i := range 5 {
		prompt = append(prompt, operationOf(fmt.Sprint("p", i), 0, 0))
		patient = append(patient, operationOf(fmt.Sprint("w", i), time.Minute, 0))
		o.add(patient[i])
		o.add(prompt[i])
	}
	sizes := []int{}
	for message := o.takeMessage(); message != nil; message = o.takeMessage() {
		sizes = append(sizes, len(message.GetOperations()))
	}
	// All five that do not wait, and one that does: six are unanswered then.
	if fmt.Sprint(sizes) != "[3 3]" || o.due() != 5 || o.waiting != 1 || !o.hasUnsent() {
		t.Errorf("messages of %v, %d due, %d waiting", sizes, o.due(), o.waiting)
	}
	for _, p := range prompt {
		o.answered(&answer{Id: p.op.GetId()})
		<-p.done
	}
	message := o.takeMessage()
	if len(message.GetOperations()) != 2 || o.waiting != 3 {
		t.Errorf("%d more that wait, %d in all: half of the room is for others", len(message.GetOperations()), o.waiting)
	}
	if outcome := o.cancel(patient[0]); outcome != cancelSent {
		t.Errorf("cancelled: %v", outcome)
	}
	if outcome := o.cancel(patient[4]); outcome != cancelUnsent {
		t.Errorf("cancelled: %v", outcome)
	}
	if message := o.takeMessage(); len(message.GetCancelled()) != 1 || message.GetCancelled()[0] != patient[0].op.GetId() {
		t.Errorf("told %v", message)
	}
	o.streamEnded(streamEnd{err: &Error{Code: codes.Internal, Message: "broken"}, wasOpen: true})
	<-patient[1].done
	<-patient[3].done
	if patient[1].failed.notSent || !patient[3].failed.notSent || o.hasUnsent() || len(o.sent) != 0 {
		t.Errorf("told %+v and %+v", patient[1].failed, patient[3].failed)
	}
}

func TestSessionMessagesStayBelowTheirSize(t *testing.T) {
	o := sessionOperations{sent: map[uint64]*pendingOperation{}}
	o.setLimits(&semelv1.SessionLimits{MaxOperations: 100, MaxUnanswered: 100})
	for i := range 5 {
		o.add(operationOf(fmt.Sprint(i), 0, 2<<20))
	}
	for want := range 5 {
		if message := o.takeMessage(); len(message.GetOperations()) != 1 {
			t.Fatalf("message %d has %d operations", want, len(message.GetOperations()))
		}
	}
}

func TestOperationsThatWaitShareMessages(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client, err := New(server.Address, WithNamespace("shop"), WithTransport(TransportStream))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for j := range 20 {
				if _, err := client.Begin(t.Context(), fmt.Sprintf("order/%d/%d", i, j)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wait.Wait()
	if sent := client.calls.session.sent(); sent.operations != 64*20 || 2*sent.messages > sent.operations {
		t.Errorf("%+v", sent)
	}
}

func TestAReportLosesNoMoreThanWhatIsRefused(t *testing.T) {
	hour := time.Hour
	refuse := func(fields ...string) error {
		refusal := &Error{Code: codes.InvalidArgument, Reason: ErrFieldInvalid, Message: "no"}
		for _, field := range fields {
			refusal.Violations = append(refusal.Violations, FieldViolation{field, "no"})
		}
		return refusal
	}
	result := Result{Payload: []byte("x"), ContentType: "t", Attributes: map[string]string{"a": "b"}}
	failure := Failure{Reason: "R", Message: "m", Details: []byte("d"), Retryable: true, RetryAfter: hour}
	for _, each := range []struct {
		ending  Ending
		refusal error
		want    string
	}{
		{result, refuse("retention"), "[retention]"},
		{result, refuse("result.payload"), "[result.payload]"},
		{result, &Error{Code: codes.InvalidArgument, Reason: ErrResultTooLarge}, "[result.payload]"},
		{result, refuse("result.content_type"), "[result.payload result.content_type result.attributes]"},
		{result, refuse(), "[retention result.payload result.content_type result.attributes]"},
		{failure, refuse("failure.message", "failure.retry_after"), "[failure.message failure.retry_after]"},
		{failure, refuse("failure.details"), "[failure.details]"},
		{failure, refuse("failure.reason"), "[retention failure.details failure.retry_after]"},
	} {
		_, taken := report{each.ending, &hour}.without(each.refusal)
		if fmt.Sprint(taken) != each.want {
			t.Errorf("%v: took %v, not %s", each.refusal, taken, each.want)
		}
	}
	_, err := completeOrLess(report{ending: failure}, func(report) (*Completed, error) { return nil, refuse("failure.reason") })
	if !errors.Is(err, ErrFieldInvalid) {
		t.Errorf("got %v", err)
	}
}

// A renewal that is not answered must not keep others, of shorter leases, waiting.
func TestTheKeeperRenewsBesideOneThatHangs(t *testing.T) {
	hangs := make(chan struct{})
	renewedShort := make(chan struct{}, 100)
	k := newLeaseKeeper(func(ctx context.Context, leases []heldKey) ([]renewed, error) {
		if leases[0].key == "long" {
			select {
			case hangs <- struct{}{}:
			default:
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		renewedShort <- struct{}{}
		return []renewed{{length: time.Minute}}, nil
	}, func(lost *LeaseLostError) { t.Error(lost) })
	defer k.stop()
	long := k.hold(heldKey{key: "long"}, 3*time.Second, time.Now().Add(-1500*time.Millisecond))
	<-hangs
	short := k.hold(heldKey{key: "short"}, time.Second, time.Now().Add(-500*time.Millisecond))
	<-renewedShort
	k.drop(short)
	k.drop(long)
}

func TestAnAnswerThatCannotBeReadLeavesOpenWhatWasDone(t *testing.T) {
	config, err := newConfig("localhost:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		told *Error
		want bool
	}{
		{&Error{Code: codes.Internal, told: "grpc: failed to unmarshal the received message: unexpected EOF"}, true},
		{&Error{Code: codes.ResourceExhausted, told: "grpc: received message larger than max (5 vs. 4)"}, true},
		{notUnderstood("another number of items"), true},
		{&Error{Code: codes.Internal, told: "grpc: error while marshaling: no UTF-8"}, false},
		{&Error{Code: codes.ResourceExhausted, Reason: ErrQuotaExceeded, hasDetails: true}, false},
	} {
		c := &connection{retry: config.retry, budget: newRetryBudget(0), closing: make(chan struct{})}
		err := c.repeatedly(t.Context(), callPlan{call: "Complete of k", total: time.Second, perTry: time.Second},
			func(context.Context, time.Duration) *failedTry { return &failedTry{err: each.told} })
		var got *Error
		if !errors.As(err, &got) || got.OutcomeUnknown != each.want || got.Tries != 1 {
			t.Errorf("%+v: got %+v", each.told, got)
		}
	}
}
