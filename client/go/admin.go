package semel

import (
	"context"
	"iter"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/durationpb"

	"semel.dev/go/semelv1"
)

// An AdminClient is for operators and their tools, not for the path of requests: it finds keys, settles those in doubt, makes Semel forget
// one, looks inside, backs up. Many goroutines may use it at once. Close it.
//
// What is safe to repeat is repeated as [RetryPolicy] says; what would do it once more is repeated only while it is certain that nothing was
// done, and answers Error.OutcomeUnknown otherwise. Every call may fail with ErrFieldInvalid and ErrAdminForbidden; beyond these, what is
// named with it.
type AdminClient struct {
	config    *config
	conn      *connection
	stub      semelv1.AdminServiceClient
	closeOnce sync.Once
	closeErr  error
}

// NewAdmin is as [New]. Of the options those of the connection, WithCallTimeout, WithTryTimeout and WithRetry count: every request names
// what it is about.
func NewAdmin(address string, options ...Option) (*AdminClient, error) {
	config, err := newConfig(address, options)
	if err != nil {
		return nil, err
	}
	conn, err := newConnection(config)
	if err != nil {
		return nil, err
	}
	return &AdminClient{config: config, conn: conn, stub: semelv1.NewAdminServiceClient(conn.conn)}, nil
}

// Close ends the connection. Calls that are under way end with ErrClosed.
func (a *AdminClient) Close() error {
	a.closeOnce.Do(func() {
		a.conn.startClosing()
		a.closeErr = a.conn.conn.Close()
	})
	return a.closeErr
}

// ListKeysRequest says which keys to list.
type ListKeysRequest struct {
	// Empty: of all namespaces.
	Namespace string
	// Only keys that begin with this, at most 255 bytes of printable ASCII. Needs a namespace.
	Prefix string
	// Only keys in this state. Zero: in any. StateInProgress and StateInDoubt are answered from memory, without a scan.
	State State
	// At most so many keys a page, 1 to 1,000. Zero: 100.
	PageSize int
	// KeysPage.NextPageToken of the page before, all else but PageSize as it was. Empty: the first page.
	PageToken string
}

// A ListedKey is a key and what is recorded for it.
type ListedKey struct {
	Namespace string
	Key       string
	// As Lookup would show it, but without result payload, failure details and checkpoint: PayloadLeftOut, DetailsLeftOut and
	// CheckpointSize tell that there are some.
	Record *Record
	// In bytes.
	CheckpointSize int
}

// KeysPage is a page of keys.
type KeysPage struct {
	// May be fewer than asked for, even none, without being the last page.
	Keys []ListedKey
	// Empty: that was the last page.
	NextPageToken string
}

// ListKeys answers a page of keys: first the open ones (in progress, in doubt; oldest write first), then the settled ones in the order of
// their names. Keys that change between two pages may be listed twice or not at all, all others once. Changes nothing.
// Errors: ErrFieldInvalid also for a page token of another listing.
func (a *AdminClient) ListKeys(ctx context.Context, request ListKeysRequest) (*KeysPage, error) {
	wire := &semelv1.ListKeysRequest{
		Namespace: request.Namespace,
		KeyPrefix: request.Prefix,
		State:     stateTo(request.State),
		PageSize:  int32(request.PageSize),
		PageToken: request.PageToken,
	}
	response, err := adminCall(ctx, a, "ListKeys", repeatAsBefore, a.stub.ListKeys, wire)
	if err != nil {
		return nil, err
	}
	page := &KeysPage{NextPageToken: response.GetNextPageToken()}
	for _, listed := range response.GetKeys() {
		record, err := recordFrom(listed.GetRecord())
		if err != nil {
			return nil, err
		}
		page.Keys = append(page.Keys, ListedKey{Namespace: listed.GetNamespace(), Key: listed.GetKey(), Record: record,
			CheckpointSize: int(listed.GetCheckpointSize())})
	}
	return page, nil
}

// Keys iterates over every key of all pages from request.PageToken on. An error is the last thing that it yields.
//
//	for key, err := range admin.Keys(ctx, semel.ListKeysRequest{State: semel.StateInDoubt}) {
func (a *AdminClient) Keys(ctx context.Context, request ListKeysRequest) iter.Seq2[ListedKey, error] {
	return func(yield func(ListedKey, error) bool) {
		for {
			page, err := a.ListKeys(ctx, request)
			if err != nil {
				yield(ListedKey{}, err)
				return
			}
			for _, key := range page.Keys {
				if !yield(key, nil) {
					return
				}
			}
			if request.PageToken = page.NextPageToken; request.PageToken == "" {
				return
			}
		}
	}
}

// A Resolution is what an operator found out about a key in doubt: a [Result] (the effect happened, duplicates get this result), a
// [Failure] (it did not, or only in part; with Retryable another attempt may run), or [Absent] (nothing happened).
type Resolution interface{ resolution() }

// Absent: nothing happened, the key is free for another attempt.
type Absent struct{}

func (Result) resolution()  {}
func (Failure) resolution() {}
func (Absent) resolution()  {}

// ResolveKeyRequest settles a key in doubt.
type ResolveKeyRequest struct {
	Namespace  string
	Key        string
	Resolution Resolution
	// How long to replay the outcome; nil: the namespace's result_retention. Not with Absent.
	Retention *time.Duration
	// Why, and who decided, for the audit log: 1 to 512 and 1 to 128 bytes of UTF-8. Required.
	Reason string
	Actor  string
	// The attempt that was looked at, from Record.Attempt: only that one is resolved, so that a late repetition never settles an attempt
	// that began since. Zero: whichever is in doubt.
	Attempt int
}

// Resolved says that a key is settled.
type Resolved struct {
	// StateDone or StateFailed; zero where the key is free again.
	State State
	// Until when the outcome is replayed; zero where the key is free again.
	ExpireTime time.Time
	// An earlier call had settled the key in the same way: nothing changed.
	AlreadyApplied bool
}

// ResolveKey settles a key in doubt. Repeated after a lost answer, and then answered with AlreadyApplied; but Absent and a retryable Failure
// only where Attempt is named, because another attempt may have begun and fallen in doubt meanwhile.
// Errors: ErrKeyNotFound (also where the owner itself released it), ErrNotInDoubt (in progress, or another attempt than the one named),
// ErrOutcomeConflict (settled meanwhile, to another outcome), ErrResultTooLarge.
func (a *AdminClient) ResolveKey(ctx context.Context, request ResolveKeyRequest) (*Resolved, error) {
	wire := &semelv1.ResolveKeyRequest{Namespace: request.Namespace, Key: request.Key, Reason: request.Reason, Actor: request.Actor,
		Attempt: int32(request.Attempt)}
	once := false
	switch resolution := request.Resolution.(type) {
	case Result:
		wire.Resolution = &semelv1.ResolveKeyRequest_Result{Result: resultTo(resolution)}
	case Failure:
		wire.Resolution = &semelv1.ResolveKeyRequest_Failure{Failure: failureTo(resolution)}
		once = resolution.Retryable
	case Absent:
		wire.Resolution = &semelv1.ResolveKeyRequest_Absent{Absent: &semelv1.Absent{}}
		once = true
	}
	if request.Retention != nil {
		wire.Retention = durationpb.New(*request.Retention)
	}
	again := repeatAsBefore
	if once && request.Attempt == 0 {
		again = repeatAnew
	}
	response, err := adminCall(ctx, a, "ResolveKey of "+shown(request.Key), again, a.stub.ResolveKey, wire)
	if err != nil {
		return nil, err
	}
	resolved := &Resolved{ExpireTime: timeFrom(response.GetExpireTime()), AlreadyApplied: response.GetAlreadyApplied()}
	if response.GetState() != semelv1.State_STATE_UNSPECIFIED {
		resolved.State, err = stateFrom(response.GetState())
	}
	return resolved, err
}

// DeleteKeyRequest makes Semel forget a key.
type DeleteKeyRequest struct {
	Namespace string
	Key       string
	// Why, and who decided, for the audit log: 1 to 512 and 1 to 128 bytes of UTF-8. Required.
	Reason string
	Actor  string
}

// DeleteKey makes Semel forget a key, whatever its state: the next Begin runs the effect again. An owner that still works can no longer
// complete. Answers the state that it was in. Not repeated after a lost answer: another attempt may have begun meanwhile.
// Errors: ErrKeyNotFound.
func (a *AdminClient) DeleteKey(ctx context.Context, request DeleteKeyRequest) (State, error) {
	wire := &semelv1.DeleteKeyRequest{Namespace: request.Namespace, Key: request.Key, Reason: request.Reason, Actor: request.Actor}
	response, err := adminCall(ctx, a, "DeleteKey of "+shown(request.Key), repeatAnew, a.stub.DeleteKey, wire)
	if err != nil {
		return 0, err
	}
	return stateFrom(response.GetState())
}

func adminCall[Request, Response any](ctx context.Context, a *AdminClient, call string, again repeat,
	method func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	plan := callPlan{call: call, total: a.config.callTimeout, perTry: a.config.tryTimeout, repeat: again}
	return plannedAdminCall(ctx, a, plan, method, request)
}

func plannedAdminCall[Request, Response any](ctx context.Context, a *AdminClient, plan callPlan,
	method func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	var response Response
	err := a.conn.repeatedly(ctx, plan, func(ctx context.Context, timeout time.Duration) *failedTry {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		var server peer.Peer
		var err error
		if response, err = method(ctx, request, grpc.Peer(&server)); err != nil {
			return &failedTry{err: errorOfCall(err), notSent: server.Addr == nil}
		}
		return nil
	})
	return response, err
}

func stateTo(state State) semelv1.State { return semelv1.State(state) }
