package semelgrpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelgrpc"
)

// failingOnce fails as asked the first time, and answers how that ended from then on.
func failingOnce(failure func(ctx context.Context, attempt *semel.Attempt, request *pb.SimpleRequest) error) method {
	return func(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		attempt, _ := semel.AttemptFrom(ctx)
		if attempt.Number() > 1 {
			return &pb.SimpleResponse{Username: attempt.Previous().String()}, nil
		}
		return nil, failure(ctx, attempt, request)
	}
}

func TestEachCodeIsStoredRetriedOrLeftOpen(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, failingOnce(func(_ context.Context, _ *semel.Attempt, request *pb.SimpleRequest) error {
		return status.Error(codes.Code(request.GetResponseSize()), "as asked")
	}), semelgrpc.WithRunOptions(semel.WithLease(10*time.Second)))
	call := func(code codes.Code) answer {
		return s.call(adaptertest.Within(t), &pb.SimpleRequest{ResponseSize: int32(code)}, fmt.Sprint("k", uint32(code)))
	}
	wantStatus := func(got answer, code codes.Code, replayed, unrecorded bool) {
		t.Helper()
		if told := status.Convert(got.err); told.Code() != code || told.Message() != "as asked" || got.isReplayed() != replayed ||
			got.isUnrecorded() != unrecorded {
			t.Errorf("%v: got %v, %v", code, got.err, got.trailer)
		}
	}
	for _, code := range []codes.Code{codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange,
		codes.Unimplemented} {
		wantStatus(call(code), code, false, false)
		wantStatus(call(code), code, true, false)
	}
	for code, reason := range map[codes.Code]string{codes.ResourceExhausted: "GRPC_RESOURCE_EXHAUSTED",
		codes.Aborted: "GRPC_ABORTED", codes.Unauthenticated: "GRPC_UNAUTHENTICATED", codes.PermissionDenied: "GRPC_PERMISSION_DENIED"} {
		wantStatus(call(code), code, false, false)
		record, err := s.client.Lookup(adaptertest.Within(t), fmt.Sprint("%2Fgrpc.testing.TestService%2FUnaryCall/k", uint32(code)))
		if err != nil {
			t.Fatal(err)
		}
		if failure, ok := record.Ending.(semel.Failure); !ok || !failure.Retryable || failure.Reason != reason || failure.Message != "as asked" {
			t.Errorf("%v: recorded %+v", code, record.Ending)
		}
		wantOrder(t, call(code), "failed", false)
		wantOrder(t, call(code), "failed", true)
	}
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal,
		codes.DataLoss} {
		wantStatus(call(code), code, false, true)
		if saysWhen := wantRefusal(t, call(code), codes.Aborted, "IN_FLIGHT"); !saysWhen {
			t.Error("it does not say when to ask again")
		}
		elapse(10 * time.Second)
		wantOrder(t, call(code), "abandoned", false)
	}
}

func TestACodePolicyTakesThePlaceOfTheRule(t *testing.T) {
	s := newShop(t, failingOnce(func(_ context.Context, _ *semel.Attempt, request *pb.SimpleRequest) error {
		return status.Error(codes.Code(request.GetResponseSize()), "as asked")
	}), semelgrpc.WithCodePolicy(func(code codes.Code) semelgrpc.Keeping {
		if code == codes.NotFound {
			return semelgrpc.Retry
		}
		return semelgrpc.Store
	}))
	call := func(code codes.Code) answer {
		return s.call(adaptertest.Within(t), &pb.SimpleRequest{ResponseSize: int32(code)}, code.String())
	}
	for _, code := range []codes.Code{codes.NotFound, codes.Unavailable} {
		if got := call(code); status.Code(got.err) != code {
			t.Errorf("got %v", got.err)
		}
	}
	wantOrder(t, call(codes.NotFound), "failed", false)
	if got := call(codes.Unavailable); status.Code(got.err) != codes.Unavailable || !got.isReplayed() {
		t.Errorf("got %v, %v", got.err, got.trailer)
	}
}

func TestWhatIsNoStatusOrHasAVerdictIsForTheErrorPolicy(t *testing.T) {
	stored := status.Error(codes.NotFound, "no such item")
	for name, each := range map[string]struct {
		failure error
		want    string // how the attempt ended
	}{
		"plain":            {errors.New("out of paper"), "failed"},
		"a stored code":    {semel.WithVerdict(stored, semel.GiveBack{}), "released"},
		"a code left open": {semel.WithVerdict(status.Error(codes.Internal, "not even begun"), semel.GiveBack{}), "released"},
		"a timeout":        {context.DeadlineExceeded, "abandoned"},
		"said to be open":  {semel.WithVerdict(stored, semel.Unknown{}), "abandoned"},
		"another key's":    {&semel.Error{Code: codes.InvalidArgument, FnRan: true}, "abandoned"},
		"said of UNAVAILABLE": {semel.WithVerdict(status.Error(codes.Unavailable, "closed"), semel.Failure{Reason: "CLOSED", Retryable: true}),
			"failed"},
		"another key's lease": {errors.Join(&semel.LeaseLostError{Key: "other"}, stored), "abandoned"},
	} {
		t.Run(name, func(t *testing.T) {
			semeld, elapse := adaptertest.Standing(t, "")
			s := newShopAt(t, semeld, nil, failingOnce(func(context.Context, *semel.Attempt, *pb.SimpleRequest) error { return each.failure }),
				semelgrpc.WithRunOptions(semel.WithLease(10*time.Second)))
			got := s.call(adaptertest.Within(t), orderFor("book"), "k")
			if _, isStatus := status.FromError(each.failure); isStatus && status.Code(got.err) != status.Code(each.failure) {
				t.Errorf("got %v, not %v", got.err, each.failure)
			}
			if each.want == "abandoned" {
				elapse(10 * time.Second)
			}
			wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), each.want, false)
		})
	}
}

// Verdicts of the method, and those that the interceptor gives by the code, are not asked of a policy that knows neither.
func TestAPolicyOfTheProgramHasNoSayInVerdictsAndCodes(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	policy := semel.WithErrorPolicy(func(error, *semel.Attempt) semel.Verdict { return semel.Failure{Reason: "MINE", Retryable: true} })
	for name, each := range map[string]struct {
		failure error
		want    string // how the attempt ended
	}{
		"a code left open": {status.Error(codes.Internal, "cut off"), "abandoned"},
		"said to be open":  {semel.WithVerdict(errors.New("cut off"), semel.Unknown{}), "abandoned"},
		"given back":       {semel.WithVerdict(errors.New("closed"), semel.GiveBack{}), "released"},
		"its own":          {errors.New("out of paper"), "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShopAt(t, semeld, []semel.Option{policy},
				failingOnce(func(context.Context, *semel.Attempt, *pb.SimpleRequest) error { return each.failure }),
				semelgrpc.WithRunOptions(semel.WithLease(10*time.Second)))
			key := strings.ReplaceAll(name, " ", "-")
			if got := s.call(adaptertest.Within(t), orderFor("book"), key); got.err == nil {
				t.Errorf("got %v", got.response)
			}
			if each.want == "abandoned" {
				elapse(10 * time.Second)
			}
			wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), key), each.want, false)
		})
	}
}

func TestOnceEffectsBeganAStatusDoesNotSayThatNothingHappened(t *testing.T) {
	s := newShopAt(t, semeldtest.Start(t, semeldtest.Options{}), nil, failingOnce(
		func(ctx context.Context, attempt *semel.Attempt, _ *pb.SimpleRequest) error {
			if err := attempt.SaveBeforeEffects(ctx, nil); err != nil {
				t.Error(err)
			}
			return status.Error(codes.Aborted, "the bank is at it")
		}))
	got := s.call(adaptertest.Within(t), orderFor("book"), "k")
	if status.Code(got.err) != codes.Aborted || !got.isUnrecorded() {
		t.Errorf("got %v, %v", got.err, got.trailer)
	}
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Aborted, "IN_FLIGHT")
}
