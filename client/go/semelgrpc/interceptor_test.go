package semelgrpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelgrpc"
)

const orderMethod = "/grpc.testing.TestService/UnaryCall"

func TestFiftyDuplicatesAtATimeHaveOneEffect(t *testing.T) {
	var effects, replays atomic.Int32
	s := newShop(t, placing(&effects), semelgrpc.WithWait(adaptertest.Patience))
	ctx := adaptertest.Within(t)
	var wait sync.WaitGroup
	for range 50 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			got := s.call(ctx, orderFor("book"), "k")
			if got.isReplayed() {
				replays.Add(1)
			}
			wantOrder(t, got, "order 1", got.isReplayed())
		}()
	}
	wait.Wait()
	if effects.Load() != 1 || replays.Load() != 49 {
		t.Errorf("%d effects, %d replays", effects.Load(), replays.Load())
	}
}

func TestAReplayIsTheSameMessage(t *testing.T) {
	var effects atomic.Int32
	s := newShop(t, placing(&effects))
	first := s.call(adaptertest.Within(t), orderFor("caf\u00e9\x00\xff"), "k")
	again := s.call(adaptertest.Within(t), orderFor("caf\u00e9\x00\xff"), "k")
	wantOrder(t, first, "order 1", false)
	wantOrder(t, again, "order 1", true)
	if !proto.Equal(first.response, again.response) {
		t.Errorf("got %v, then %v", first.response, again.response)
	}
}

func TestAnEmptyResponseIsOne(t *testing.T) {
	var runs atomic.Int32
	s := newShop(t, func(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		runs.Add(1)
		return &pb.SimpleResponse{}, nil
	})
	for _, replayed := range []bool{false, true} {
		wantOrder(t, s.call(adaptertest.Within(t), orderFor(""), "k"), "", replayed)
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

func TestCallsWithoutAKeyPassUnlessOneIsRequired(t *testing.T) {
	var effects atomic.Int32
	s := newShop(t, placing(&effects))
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book")), "order 1", false)
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book")), "order 2", false)

	s = newShop(t, mustNotRun(t), semelgrpc.RequiredFor(orderMethod))
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book")), codes.InvalidArgument, "KEY_MISSING")
	// Other methods of the service do not need one.
	if _, err := s.stub.EmptyCall(adaptertest.Within(t), &pb.Empty{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}

	s = newShop(t, placing(&effects), semelgrpc.WithRequirement(func(string) semelgrpc.Requirement { return semelgrpc.Off }))
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 3", false)
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 4", false)
}

func TestMalformedKeysAreRefused(t *testing.T) {
	s := newShop(t, mustNotRun(t))
	for _, keys := range [][]string{{""}, {"  "}, {"a", "a"}, {`"a`}, {"a b"}} {
		wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), keys...), codes.InvalidArgument, "KEY_MALFORMED")
	}
}

func TestAnotherRequestWithTheKeyIsAMismatch(t *testing.T) {
	var effects atomic.Int32
	s := newShop(t, placing(&effects))
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 1", false)
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("pen"), "k"), codes.FailedPrecondition, "FINGERPRINT_MISMATCH")
}

func TestAFingerprintOfOnesOwn(t *testing.T) {
	var effects atomic.Int32
	s := newShop(t, placing(&effects), semelgrpc.WithFingerprint(
		func(_ context.Context, fullMethod string, request proto.Message) ([]byte, error) {
			if fullMethod != orderMethod {
				t.Errorf("got %s", fullMethod)
			}
			return semel.Fingerprint(request.(*pb.SimpleRequest).GetPayload().GetBody()) // the size that is asked for does not count
		}))
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "order 1", false)
	other := orderFor("book")
	other.ResponseSize = 7
	wantOrder(t, s.call(adaptertest.Within(t), other, "k"), "order 1", true)
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("pen"), "k"), codes.FailedPrecondition, "FINGERPRINT_MISMATCH")
}

func TestAUserNeverGetsTheResponseOfAnother(t *testing.T) {
	var effects atomic.Int32
	s := newShop(t, placing(&effects), semelgrpc.WithPrefix("api"), semelgrpc.WithScope(
		func(ctx context.Context, _ string) ([]string, error) {
			users := metadata.ValueFromIncomingContext(ctx, "user")
			if len(users) == 0 {
				return nil, errors.New("nobody")
			}
			return users, nil
		}))
	as := func(user string) answer {
		return s.call(metadata.AppendToOutgoingContext(adaptertest.Within(t), "user", user), orderFor("book"), "k")
	}
	wantOrder(t, as("ada"), "order 1", false)
	wantOrder(t, as("bob"), "order 2", false)
	wantOrder(t, as("ada"), "order 1", true)
	wantRefusal(t, as(""), codes.Internal, "REFUSED")
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.Internal, "REFUSED")
	record, err := s.client.Lookup(adaptertest.Within(t), "api/%2Fgrpc.testing.TestService%2FUnaryCall/ada/k")
	if err != nil || record == nil || record.State != semel.StateDone {
		t.Errorf("got %+v, %v", record, err)
	}
}

func TestTheMethodFindsItsAttempt(t *testing.T) {
	s := newShop(t, func(ctx context.Context, _ *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		attempt, ok := semel.AttemptFrom(ctx)
		if !ok || attempt.Token() == 0 {
			return nil, errors.New("there is no attempt")
		}
		return &pb.SimpleResponse{Username: fmt.Sprint(attempt.Number(), attempt.Previous())}, nil
	})
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), "1 none", false)
}

func TestAResponseThatIsTooLargeIsDoneWithoutIt(t *testing.T) {
	var runs atomic.Int32
	large := strings.Repeat("x", 2<<20)
	s := newShop(t, func(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		runs.Add(1)
		return &pb.SimpleResponse{Username: large}, nil
	})
	wantOrder(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), large, false)
	wantRefusal(t, s.call(adaptertest.Within(t), orderFor("book"), "k"), codes.DataLoss, "RESPONSE_NOT_KEPT")
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	client := adaptertest.NewClient(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	for name, option := range map[string]semelgrpc.Option{
		"binary":      semelgrpc.WithMetadataKey("key-bin"),
		"name":        semelgrpc.WithMetadataKey("no name"),
		"requirement": semelgrpc.WithRequirement(nil),
		"scope":       semelgrpc.WithScope(nil),
		"wait":        semelgrpc.WithWait(-1),
		"codes":       semelgrpc.WithCodePolicy(nil),
		"logger":      semelgrpc.WithLogger(nil),
	} {
		if _, err := semelgrpc.UnaryServerInterceptor(client, option); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := semelgrpc.UnaryServerInterceptor(nil); err == nil || !strings.Contains(err.Error(), "pass the Client") {
		t.Errorf("got %v", err)
	}
}
