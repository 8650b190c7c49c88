package semelgrpc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelgrpc"
)

// failing fails the first time, and places the order from then on.
func failing(runs *atomic.Int32, err error) method {
	return func(_ context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		if number := runs.Add(1); number > 1 {
			return placed(int(number), request), nil
		}
		return nil, err
	}
}

func TestAStatusOfTheRequestIsReplayed(t *testing.T) {
	declined, err := status.New(codes.FailedPrecondition, "declined").WithDetails(&errdetails.ErrorInfo{Reason: "NO_MONEY", Domain: "bank"})
	if err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int32
	s := newShop(t, failing(&runs, declined.Err()))
	for _, replayed := range []bool{false, true} {
		got := s.call(adaptertest.Within(t), orderFor("book"), "k")
		told := status.Convert(got.err)
		if told.Code() != codes.FailedPrecondition || told.Message() != "declined" || len(told.Details()) != 1 || got.isReplayed() != replayed {
			t.Errorf("got %v %v, replayed: %v", told, told.Details(), got.isReplayed())
		}
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

// Another language keeps of a status without details no more than code and message.
func TestWhatOtherLanguagesStoredIsReplayed(t *testing.T) {
	s := newShop(t, mustNotRun(t), semelgrpc.WithFingerprint(func(context.Context, string, proto.Message) ([]byte, error) { return nil, nil }))
	store := func(key string, result semel.Result) {
		t.Helper()
		_, err := semel.Run(adaptertest.Within(t), s.client, "%2Fgrpc.testing.TestService%2FUnaryCall/"+key,
			func(context.Context, *semel.Attempt) (semel.Result, error) { return result, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	store("k", semel.Result{Attributes: map[string]string{"grpc.status": "5", "grpc.message": "no such item"}})
	got := s.call(adaptertest.Within(t), orderFor("book"), "k")
	if told := status.Convert(got.err); told.Code() != codes.NotFound || told.Message() != "no such item" || !got.isReplayed() {
		t.Errorf("got %v", got.err)
	}
	payload, err := proto.Marshal(&pb.SimpleResponse{Username: "order 7"})
	if err != nil {
		t.Fatal(err)
	}
	store("l", semel.Result{Payload: payload, ContentType: "application/grpc", Attributes: map[string]string{"grpc.status": "0"}})
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "l"), "order 7", true)
	store("m", semel.Result{Payload: []byte("no message"), ContentType: "application/grpc", Attributes: map[string]string{"grpc.status": "0"}})
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "m"), codes.DataLoss, "RESPONSE_NOT_KEPT")
	store("n", semel.Result{Payload: []byte("of no adapter")})
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "n"), codes.DataLoss, "RESPONSE_NOT_KEPT")
}

func TestALongMessageIsReplayedWhole(t *testing.T) {
	long := strings.Repeat("caf\u00e9 ", 100)
	var runs atomic.Int32
	s := newShop(t, failing(&runs, status.Error(codes.NotFound, long)))
	for range 2 {
		if got := s.call(adaptertest.Within(t), orderFor("book"), "k"); status.Convert(got.err).Message() != long {
			t.Errorf("got %v", got.err)
		}
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

func TestAFinalFailureIsToldTheSameWayTwice(t *testing.T) {
	var runs atomic.Int32
	s := newShop(t, failing(&runs, semel.Final("CARD_DECLINED", "no money")))
	for range 2 {
		wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Internal, "FAILED")
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

func TestAFailureForNowSaysWhenToAskAgain(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	var runs atomic.Int32
	s := newShopAt(t, semeld, nil, failing(&runs, semel.Retryable("BUSY", "", time.Minute)))
	if got := s.call(adaptertest.Within(t), orderFor("book"), "k"); status.Code(got.err) != codes.Unknown {
		t.Errorf("got %v", got.err)
	}
	if saysWhen := wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Unavailable, "FAILED"); !saysWhen {
		t.Error("it does not say when to ask again")
	}
	elapse(time.Minute)
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 2", false)
}

func TestADoubtAndAnExpiredResponse(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, func(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		if string(request.GetPayload().GetBody()) == "book" {
			return placed(1, request), nil
		}
		attempt, _ := semel.AttemptFrom(ctx)
		if err := attempt.SaveBeforeEffects(ctx, []byte("sent")); err != nil {
			return nil, err
		}
		return nil, errors.New("the bank's answer was cut off")
	}, semelgrpc.WithRunOptions(semel.WithLease(10*time.Second), semel.WithRetention(10*time.Second)))
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 1", false)
	if got := s.call(adaptertest.Within(t), orderFor("pen"), "l"); got.err == nil || !got.isUnrecorded() {
		t.Errorf("got %+v", got)
	}
	elapse(10 * time.Second)
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.FailedPrecondition, "EXPIRED")
	if wantRefusal(t, s.call(adaptertest.Within(t), orderFor("pen"), "l"), codes.FailedPrecondition, "IN_DOUBT") {
		t.Error("it says when to ask again")
	}
}

func TestWithoutTheServiceNothingRuns(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{})
	s := newShopAt(t, semeld, []semel.Option{semel.WithCallTimeout(100 * time.Millisecond)}, mustNotRun(t))
	if err := semeld.Kill(); err != nil {
		t.Fatal(err)
	}
	if !wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Unavailable, "UNAVAILABLE") {
		t.Error("it does not say when to ask again")
	}
}

func TestWhatTheServiceRefusesIsTheServersFault(t *testing.T) {
	s := newShop(t, mustNotRun(t), semelgrpc.WithRunOptions(semel.WithNamespace("No Namespace")))
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Internal, "REFUSED")
}

func TestAResponseGoesOutThoughItIsNotRecorded(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{})
	s := newShopAt(t, semeld, []semel.Option{semel.WithCompleteTimeout(100 * time.Millisecond)},
		func(_ context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
			return placed(1, request), semeld.Kill()
		})
	got := s.call(adaptertest.Within(t), orderFor("book"), "k")
	wantOrder(t, got, "order 1", false)
	if !got.isUnrecorded() {
		t.Errorf("got %v", got.trailer)
	}
}

func TestTheMethodGoesOnWithoutItsCaller(t *testing.T) {
	began, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var s *shop
	s = newShop(t, func(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		close(began)
		<-gone
		if _, err := s.client.Lookup(ctx, "any"); err != nil {
			t.Errorf("the context ended: %v", err)
		}
		return placed(1, request), nil
	}, semelgrpc.WithWait(adaptertest.Patience), semelgrpc.WithScope(func(ctx context.Context, _ string) ([]string, error) {
		// The server's own context tells when it has noticed.
		context.AfterFunc(ctx, func() { once.Do(func() { close(gone) }) })
		return nil, nil
	}))
	ctx, cancel := context.WithCancel(adaptertest.Within(t))
	ended := make(chan answer, 1)
	go func() { ended <- s.call(ctx, orderFor("book"), "k") }()
	<-began
	cancel()
	if got := <-ended; status.Code(got.err) != codes.Canceled {
		t.Errorf("got %v", got.err)
	}
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 1", true)
}

func TestACallerThatGoesWhileItWaitsBeginsNothing(t *testing.T) {
	s := newShop(t, mustNotRun(t), semelgrpc.WithWait(time.Minute))
	if _, err := s.client.Begin(adaptertest.Within(t), "%2Fgrpc.testing.TestService%2FUnaryCall/k"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(adaptertest.Within(t))
	ended := make(chan answer, 1)
	go func() { ended <- s.call(ctx, orderFor("book"), "k") }()
	adaptertest.AwaitWaiters(t, s.semeld, 1)
	cancel()
	if got := <-ended; status.Code(got.err) != codes.Canceled {
		t.Errorf("got %v", got.err)
	}
	adaptertest.AwaitWaiters(t, s.semeld, 0)
}

func TestTheWaitLeavesTimeForTheAnswer(t *testing.T) {
	s := newShop(t, mustNotRun(t), semelgrpc.WithWait(time.Minute))
	if _, err := s.client.Begin(adaptertest.Within(t), "%2Fgrpc.testing.TestService%2FUnaryCall/k"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(adaptertest.Within(t), time.Second)
	defer cancel()
	wantRefusal(t, s.call(ctx, orderFor("book"), "k"), codes.Aborted, "IN_FLIGHT")
}
