package semel

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A Reason is what a server's error says to programs. It is an error itself, so that errors.Is can look for it:
//
//	if errors.Is(err, semel.ErrTokenStale) { stop working }
type Reason string

// Error makes a Reason a target for errors.Is.
func (r Reason) Error() string { return "semel: " + string(r) }

// The reasons that servers give. A newer server may know more of them.
const (
	// ErrFieldInvalid: a field is wrong, see Error.Violations. Nothing was changed. Also for text that is not UTF-8.
	ErrFieldInvalid Reason = "FIELD_INVALID"
	// ErrResultTooLarge: the result is above the namespace's limit. Nothing was changed: complete with Result.Omitted instead.
	ErrResultTooLarge Reason = "RESULT_TOO_LARGE"
	// ErrBatchTooLarge: a batch has more than MaxBatch items. Nothing was changed.
	ErrBatchTooLarge Reason = "BATCH_TOO_LARGE"
	// ErrKeyNotFound: the key is not, or no longer, known: there is nothing to complete or to renew.
	ErrKeyNotFound Reason = "KEY_NOT_FOUND"
	// ErrFingerprintMismatch: the key stands for another request: use another key.
	ErrFingerprintMismatch Reason = "FINGERPRINT_MISMATCH"
	// ErrOutcomeConflict: another outcome is stored under this token: the first report counts.
	ErrOutcomeConflict Reason = "OUTCOME_CONFLICT"
	// ErrNotInProgress: the attempt has ended.
	ErrNotInProgress Reason = "NOT_IN_PROGRESS"
	// ErrNotInDoubt: there is nothing to resolve.
	ErrNotInDoubt Reason = "NOT_IN_DOUBT"
	// ErrTokenStale: another attempt took over: stop working.
	ErrTokenStale Reason = "TOKEN_STALE"
	// ErrNamespaceForbidden: the caller may not use the namespace.
	ErrNamespaceForbidden Reason = "NAMESPACE_FORBIDDEN"
	// ErrAdminForbidden: the caller may not administrate, or the server does not serve administration here.
	ErrAdminForbidden Reason = "ADMIN_FORBIDDEN"
	// ErrQuotaExceeded: a limit of the namespace.
	ErrQuotaExceeded Reason = "QUOTA_EXCEEDED"
	// ErrOverloaded: the server has too much to do; retries are used up.
	ErrOverloaded Reason = "OVERLOADED"
	// ErrDraining: the server is about to stop and begins nothing new; retries are used up.
	ErrDraining Reason = "DRAINING"
	// ErrStorageFailed: the server's storage fails and it promises nothing; retries are used up.
	ErrStorageFailed Reason = "STORAGE_FAILED"
	// ErrBackupNotConfigured: the server has no directory for backups.
	ErrBackupNotConfigured Reason = "BACKUP_NOT_CONFIGURED"
	// ErrBackupRunning: another backup is being made.
	ErrBackupRunning Reason = "BACKUP_RUNNING"
	// ErrBackupFailed: no backup was added, see Error.Message; the server goes on.
	ErrBackupFailed Reason = "BACKUP_FAILED"
)

// ErrClosed is found by errors.Is in the error of a call whose Client was closed.
var ErrClosed = errors.New("semel: the client is closed")

// A FieldViolation is one wrong field of a request.
type FieldViolation struct {
	// Path, for example result.content_type.
	Field string
	// Its rule, and what came instead.
	Description string
}

// An Error is why a call has no answer: the server refused it, or nothing came. Find it with errors.As; status.Code of gRPC works on
// it, too.
type Error struct {
	// The call and what it was about, for example "Begin of order/17".
	Call string
	// As the server or gRPC said.
	Code codes.Code
	// For programs; empty where the server did not answer.
	Reason Reason
	// For people.
	Message string
	// What was wrong in detail, for example limit and size.
	Metadata map[string]string
	// Every wrong field, for ErrFieldInvalid and ErrResultTooLarge.
	Violations []FieldViolation
	// How long to wait before calling again; zero where waiting does not help.
	RetryDelay time.Duration
	// True: a try was sent and its answer never came, so the server may or may not have done what was asked. Call again with the
	// same attempt id or token to find out. False: the call changed nothing.
	OutcomeUnknown bool
	// Of Run and Do. True: the function had returned, but what it returned is not known to be recorded (*[NotRecordedError]). False:
	// the function was not called.
	FnRan bool
	// How often it was tried.
	Tries int
	// It was not tried again because the Client's retry budget was empty: too many calls were refused lately, see RetryPolicy.Budget.
	BudgetEmpty bool

	cause      error  // of the caller: its context's error, or ErrClosed
	told       string // what gRPC said, in its own words
	hasDetails bool   // it is the word of a server
}

// Error is for people.
func (e *Error) Error() string {
	text := "semel: "
	if e.Call != "" {
		text += e.Call + ": "
	}
	return text + e.Message
}

// Is finds the Reason.
func (e *Error) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason == e.Reason
}

// Unwrap answers the error of the caller's context where that ended the call, ErrClosed where Client.Close did, else nil.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus makes status.Code and status.FromError of gRPC work.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Error()) }

// AttemptIsOver tells whether an error of Complete, Renew, Release or Checkpoint says that the attempt has nothing more to say: its key
// was completed, given up or deleted, or another attempt took it over. All other errors leave it as it was.
func AttemptIsOver(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code {
	case codes.Aborted, codes.NotFound, codes.FailedPrecondition:
		return true
	}
	return false
}

// refusedHere is an error as the server would have made it, had the request come that far.
func refusedHere(call string, reason Reason, violations ...FieldViolation) *Error {
	texts := make([]string, len(violations))
	for i, violation := range violations {
		texts[i] = violation.Field + ": " + violation.Description
	}
	return &Error{Call: call, Code: codes.InvalidArgument, Reason: reason, Message: strings.Join(texts, "; "), Violations: violations}
}

func notUnderstood(what string) *Error {
	return &Error{Code: codes.Internal, Message: fmt.Sprintf(
		"the server's answer has %s that this client does not know: is the client older than the server?", what)}
}
