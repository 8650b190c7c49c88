package semel

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/durationpb"

	"semel.dev/go/semelv1"
)

type (
	operation = semelv1.SessionRequest_Operation
	answer    = semelv1.SessionResponse_Answer
	stub      = semelv1.IdempotencyServiceClient
)

// callKind is what a single call is on either way to the server: by itself, or as an operation of the stream.
type callKind[Request any, Response comparable] struct {
	name     string
	byItself func(stub, context.Context, Request, ...grpc.CallOption) (Response, error)
	put      func(*operation, Request)
	// take answers nil where the answer is of another kind.
	take func(*answer) Response
}

var (
	beginKind = callKind[*semelv1.BeginRequest, *semelv1.BeginResponse]{
		"Begin", stub.Begin,
		func(o *operation, r *semelv1.BeginRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Begin{Begin: r}
		},
		(*answer).GetBegin,
	}
	completeKind = callKind[*semelv1.CompleteRequest, *semelv1.CompleteResponse]{
		"Complete", stub.Complete,
		func(o *operation, r *semelv1.CompleteRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Complete{Complete: r}
		},
		(*answer).GetComplete,
	}
	lookupKind = callKind[*semelv1.LookupRequest, *semelv1.LookupResponse]{
		"Lookup", stub.Lookup,
		func(o *operation, r *semelv1.LookupRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Lookup{Lookup: r}
		},
		(*answer).GetLookup,
	}
	renewKind = callKind[*semelv1.RenewRequest, *semelv1.RenewResponse]{
		"Renew", stub.Renew,
		func(o *operation, r *semelv1.RenewRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Renew{Renew: r}
		},
		(*answer).GetRenew,
	}
	releaseKind = callKind[*semelv1.ReleaseRequest, *semelv1.ReleaseResponse]{
		"Release", stub.Release,
		func(o *operation, r *semelv1.ReleaseRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Release{Release: r}
		},
		(*answer).GetRelease,
	}
	checkpointKind = callKind[*semelv1.CheckpointRequest, *semelv1.CheckpointResponse]{
		"Checkpoint", stub.Checkpoint,
		func(o *operation, r *semelv1.CheckpointRequest) {
			o.Request = &semelv1.SessionRequest_Operation_Checkpoint{Checkpoint: r}
		},
		(*answer).GetCheckpoint,
	}
)

// singleCalls is the way of single calls to the server: each by itself, or as operations of one stream. See Transport.
type singleCalls struct {
	transport Transport
	conn      *connection
	stub      stub
	session   *session
	trial     streamTrial
	underWay  atomic.Int64
}

func newSingleCalls(transport Transport, conn *connection, onRefusal func(streamEnd)) *singleCalls {
	calls := &singleCalls{transport: transport, conn: conn, stub: semelv1.NewIdempotencyServiceClient(conn.conn)}
	calls.session = newSession(calls.stub, func(end streamEnd) {
		if calls.trial.streamEnded(end, time.Now()) {
			onRefusal(end)
		}
	})
	return calls
}

// inUse is which way a call would take now.
func (s *singleCalls) inUse() Transport {
	if s.transport != TransportAuto {
		return s.transport
	}
	if s.session.isOpen() {
		return TransportStream
	}
	return TransportUnary
}

// oneCall makes a call with all its tries. `request` makes the message of a try: a message that was handed to the stream must not be
// changed any more.
func oneCall[Request any, Response comparable](ctx context.Context, s *singleCalls, kind callKind[Request, Response], plan callPlan,
	request func() Request) (Response, error) {
	alone := s.underWay.Add(1) == 1
	defer s.underWay.Add(-1)
	var response Response
	failedOnStream := false
	err := s.conn.repeatedly(ctx, plan, func(ctx context.Context, timeout time.Duration) *failedTry {
		sent := request()
		var failed *failedTry
		// What the stream did not answer goes on by itself where it may: perhaps only the stream is at fault.
		if !failedOnStream || s.transport == TransportStream {
			op := &operation{}
			kind.put(op, sent)
			op.Timeout = durationpb.New(max(timeout, 0)) // a pause may have taken longer than it should
			if pending := s.submit(op, alone); pending != nil {
				response, failed = overStream(ctx, s.session, pending, kind, timeout)
				failedOnStream = failed != nil
				return failed
			}
		}
		response, failed = byItself(ctx, s, kind, sent, timeout)
		return failed
	})
	return response, err
}

// submit hands the operation to the stream, where it is to go that way; else it answers nil.
func (s *singleCalls) submit(op *operation, alone bool) *pendingOperation {
	if s.transport == TransportUnary {
		return nil
	}
	if s.transport == TransportAuto && !s.session.isOpen() {
		// Nobody waits for it: the call goes by itself meanwhile.
		if !alone && s.trial.mayOpen(time.Now()) {
			s.session.open()
		}
		return nil
	}
	pending := newPendingOperation(op)
	if !pending.fitsIntoMessage() || !s.session.submit(pending, s.transport == TransportAuto) {
		return nil
	}
	return pending
}

func byItself[Request any, Response comparable](ctx context.Context, s *singleCalls, kind callKind[Request, Response], request Request,
	timeout time.Duration) (Response, *failedTry) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var server peer.Peer
	response, err := kind.byItself(s.stub, ctx, request, grpc.Peer(&server))
	if err == nil {
		s.trial.callAnswered(began)
		return response, nil
	}
	told := errorOfCall(err)
	if told.hasDetails {
		s.trial.callAnswered(began)
	}
	// gRPC tells the peer as soon as it has handed the call to a connection.
	return response, &failedTry{err: told, notSent: server.Addr == nil}
}

func overStream[Request any, Response comparable](ctx context.Context, s *session, pending *pendingOperation,
	kind callKind[Request, Response], timeout time.Duration) (Response, *failedTry) {
	var nothing Response
	answered, failed := s.await(ctx, pending, timeout)
	if failed != nil {
		return nothing, failed
	}
	if refused := answered.GetError(); refused != nil {
		return nothing, &failedTry{err: errorOfItem(refused)}
	}
	response := kind.take(answered)
	if response == nothing {
		return nothing, &failedTry{err: &Error{Code: codes.Internal, Message: "the answer is that of another operation"}}
	}
	return response, nil
}
