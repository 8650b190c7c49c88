package semelgrpc_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelgrpc"
)

func TestMain(m *testing.M) { adaptertest.Main(m) }

type method func(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error)

// shop is a gRPC service whose calls have keys, and the real service behind it.
type shop struct {
	pb.UnimplementedTestServiceServer
	unaryCall method

	semeld *semeldtest.Process
	client *semel.Client
	log    *adaptertest.Log
	stub   pb.TestServiceClient
}

// UnaryCall is the method with keys.
func (s *shop) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return s.unaryCall(ctx, request)
}

func newShop(t *testing.T, unaryCall method, options ...semelgrpc.Option) *shop {
	t.Helper()
	return newShopAt(t, semeldtest.Start(t, semeldtest.Options{}), nil, unaryCall, options...)
}

func newShopAt(t *testing.T, semeld *semeldtest.Process, clientOptions []semel.Option, unaryCall method,
	options ...semelgrpc.Option) *shop {
	t.Helper()
	s := &shop{unaryCall: unaryCall, semeld: semeld, log: &adaptertest.Log{}}
	s.client = adaptertest.NewClient(t, semeld.Address, append([]semel.Option{semel.WithLogger(s.log.Logger())}, clientOptions...)...)
	once, err := semelgrpc.UnaryServerInterceptor(s.client, append([]semelgrpc.Option{semelgrpc.WithLogger(s.log.Logger())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(once), grpc.WaitForHandlers(true))
	pb.RegisterTestServiceServer(server, s)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	s.stub = pb.NewTestServiceClient(conn)
	return s
}

// placing answers with the number of the effect.
func placing(effects *atomic.Int32) method {
	return func(_ context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		return placed(int(effects.Add(1)), request), nil
	}
}

func placed(number int, request *pb.SimpleRequest) *pb.SimpleResponse {
	return &pb.SimpleResponse{Username: fmt.Sprintf("order %d", number), Payload: &pb.Payload{Body: request.GetPayload().GetBody()}}
}

func mustNotRun(t *testing.T) method {
	return func(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
		t.Error("the method ran")
		return nil, nil
	}
}

func orderFor(item string) *pb.SimpleRequest {
	return &pb.SimpleRequest{Payload: &pb.Payload{Body: []byte(item)}}
}

// answer is what a call answered.
type answer struct {
	response *pb.SimpleResponse
	err      error
	trailer  metadata.MD
}

func (a answer) isReplayed() bool { return len(a.trailer.Get(semelgrpc.ReplayedTrailer)) == 1 }

func (a answer) isUnrecorded() bool { return len(a.trailer.Get(semelgrpc.RecordedTrailer)) == 1 }

// call calls the method with these keys.
func (s *shop) call(ctx context.Context, request *pb.SimpleRequest, keys ...string) answer {
	for _, key := range keys {
		ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", key)
	}
	var a answer
	a.response, a.err = s.stub.UnaryCall(ctx, request, grpc.Trailer(&a.trailer))
	return a
}

func wantOrder(t *testing.T, got answer, name string, replayed bool) {
	t.Helper()
	if got.err != nil || got.response.GetUsername() != name || got.isReplayed() != replayed {
		t.Errorf("got %v, %v, replayed: %v; not %s, replayed: %v", got.response, got.err, got.isReplayed(), name, replayed)
	}
}

// wantRefusal checks a status of the interceptor, and answers whether it says when to ask again.
func wantRefusal(t *testing.T, got answer, code codes.Code, reason string) (saysWhen bool) {
	t.Helper()
	told := status.Convert(got.err)
	var info *errdetails.ErrorInfo
	for _, detail := range told.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.RetryInfo:
			saysWhen = d.GetRetryDelay().AsDuration() > 0
		}
	}
	if told.Code() != code || info.GetReason() != reason || info.GetDomain() != semelgrpc.Domain {
		t.Errorf("got %v %v, not %v %s", got.err, info, code, reason)
	}
	return saysWhen
}
