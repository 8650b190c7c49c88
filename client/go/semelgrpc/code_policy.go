package semelgrpc

import (
	"fmt"

	codepb "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
)

// A Keeping says what becomes of a status. The caller gets it either way.
type Keeping int

// What may become of a status.
const (
	// Store: it is the outcome, and replayed with its message and details.
	Store Keeping = iota + 1
	// Retry: the effect did not happen. A retryable failure is recorded (its reason is GRPC_ABORTED), and the next call runs the method.
	// Where the attempt had called SaveBeforeEffects, or its context had ended, a status does not say so: LeaveOpen then.
	Retry
	// LeaveOpen: nobody knows whether the effect happened. Nothing is recorded, the lease is left to lapse, and the next attempt is told
	// PreviousAbandoned, or the key is in doubt.
	LeaveOpen
)

// A CodePolicy decides by the code of the status that a method answers; never asked about OK, which is stored.
type CodePolicy func(code codes.Code) Keeping

// DefaultCodePolicy is the rule of every language. RESOURCE_EXHAUSTED, ABORTED, UNAUTHENTICATED and PERMISSION_DENIED speak of the moment or of
// the asker, and are to be retried. UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL and DATA_LOSS are what a method passes on when
// its own callee did not say what happened, and are left open: a method whose UNAVAILABLE is its own word says so (semel.WithVerdict). All
// others say that the request itself is what is wrong, and are stored.
func DefaultCodePolicy(code codes.Code) Keeping {
	switch code {
	case codes.ResourceExhausted, codes.Aborted, codes.Unauthenticated, codes.PermissionDenied:
		return Retry
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal, codes.DataLoss:
		return LeaveOpen
	}
	return Store
}

// reasonOf is that of a failure, for example GRPC_RESOURCE_EXHAUSTED.
func reasonOf(code codes.Code) string {
	name, ok := codepb.Code_name[int32(code)]
	if !ok {
		return fmt.Sprintf("GRPC_%d", code)
	}
	return "GRPC_" + name
}
