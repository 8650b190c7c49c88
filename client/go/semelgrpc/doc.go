// Package semelgrpc answers unary calls that carry an idempotency key once: the method runs for the first, and all others, at the same time
// or later, get the response or the status that it made.
//
//	once, err := semelgrpc.UnaryServerInterceptor(client, semelgrpc.RequiredFor("/shop.v1.Orders/Create"))
//	if err != nil {
//		return err
//	}
//	server := grpc.NewServer(grpc.ChainUnaryInterceptor(authenticate, once), grpc.WaitForHandlers(true))
//
// A client sends the key as metadata, and repeats it when it repeats the call:
//
//	ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", semel.NewKey())
//
// # Put the user into the scope
//
// Keys are chosen by clients. Without [WithScope], who guesses another user's key and sends the same request gets that user's response.
//
// # What a call gets
//
//	the first                       the method's response or status, once it is recorded
//	a repetition                    the same, and the trailer idempotency-replayed: true
//	one while the first runs        ABORTED / IN_FLIGHT with RetryInfo, after [WithWait]
//	another request, same key       FAILED_PRECONDITION / FINGERPRINT_MISMATCH
//	no key where one is Required    INVALID_ARGUMENT / KEY_MISSING
//	a key that is none              INVALID_ARGUMENT / KEY_MALFORMED
//	an attempt fell silent after
//	its effects began               FAILED_PRECONDITION / IN_DOUBT: a person has to find out
//	one whose response is gone      FAILED_PRECONDITION / EXPIRED; DATA_LOSS / RESPONSE_NOT_KEPT where it was too large
//	an attempt failed for good      INTERNAL / FAILED
//	an attempt failed for now       UNAVAILABLE / FAILED with RetryInfo
//	the service is away             UNAVAILABLE / UNAVAILABLE with RetryInfo; the method did not run
//
// The second word is the reason of a google.rpc.ErrorInfo, whose domain is [Domain].
//
// # What is recorded
//
// Responses are stored as their bytes. A replay becomes a message of the type that the method's descriptor names, which generated code
// registers (protoregistry.GlobalTypes): so a response outlives deployments as far as Protobuf does, and needs no configuration.
//
// A status is judged by its code ([DefaultCodePolicy], the same in every language; [WithCodePolicy] changes it):
//
//	RESOURCE_EXHAUSTED, ABORTED,                 a retryable failure is recorded, and the next call runs the method
//	UNAUTHENTICATED, PERMISSION_DENIED
//	UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED,   nothing is recorded, and the next attempt is told PreviousAbandoned once
//	UNKNOWN, INTERNAL, DATA_LOSS                 the lease has lapsed: they may be those of a callee that broke half way
//	all others                                   stored, and replayed with message and details
//
// A method that knows better says so, and that comes before this rule:
//
//	return nil, semel.WithVerdict(status.Error(codes.Unavailable, "not before nine o'clock"), semel.GiveBack{})
//
// Errors that are no status are judged by the semel.ErrorPolicy of [WithRunOptions], else by the Client's, though gRPC makes UNKNOWN of them;
// where the method's context had ended, they are left open. Either way the caller gets the method's own error. Headers and trailers that the
// method sets are not stored.
//
// # The method
//
// It finds its attempt, with fencing token, previous outcome and checkpoint, by semel.AttemptFrom(ctx). Its context does not end with the
// caller's deadline or cancellation ([WithCancelWithCaller] changes that), so that the caller's next try gets the response; it is cancelled
// when the lease is lost. Bound what the method does by deadlines of its own.
package semelgrpc
