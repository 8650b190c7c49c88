package semel

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// An ErrorPolicy decides what is reported of an error that a function of Run or Do returned. Used by many goroutines at once. Fall back on
// [DefaultErrorPolicy] for what it does not know.
type ErrorPolicy func(err error, attempt *Attempt) Verdict

// A Verdict is what is reported of a function's error: a [Failure], [Unknown] or [GiveBack].
type Verdict interface{ verdict() }

// Unknown: nobody knows whether the effect happened. Nothing is reported, the lease is left to lapse, and the next attempt is told
// PreviousAbandoned, or the key is in doubt. The error passes through Run unchanged.
type Unknown struct{}

// GiveBack: nothing was done, the key is released and another attempt may run at once. The error passes through Run unchanged.
type GiveBack struct{}

func (Failure) verdict()  {}
func (Unknown) verdict()  {}
func (GiveBack) verdict() {}

// Final is an error that says: the effect did not happen, and never will. It is replayed to everyone who asks again. The reason, for
// programs, is UPPER_SNAKE_CASE (A-Z, 0-9, _, a letter first), 1 to 64 bytes; any other is recorded as one, with a warning in the log: "card
// declined" as CARD_DECLINED. The message, for people, is cut to 512 bytes.
func Final(reason, message string) error {
	return &verdictError{Failure{Reason: reason, Message: message}, nil}
}

// Retryable is an error that says: the effect did not happen, and another attempt may run after retryAfter (0 to 7 days). Reason and
// message: as [Final].
func Retryable(reason, message string, retryAfter time.Duration) error {
	return &verdictError{Failure{Reason: reason, Message: message, Retryable: true, RetryAfter: retryAfter}, nil}
}

// WithVerdict gives an error the verdict that DefaultErrorPolicy finds in it. errors.Is and errors.As see through it. Nil stays nil.
func WithVerdict(err error, verdict Verdict) error {
	if err == nil {
		return nil
	}
	return &verdictError{verdict, err}
}

// VerdictOf answers the verdict that [Final], [Retryable] or [WithVerdict] gave an error; false where none of them did. For an [ErrorPolicy]
// that lets errors speak for themselves.
func VerdictOf(err error) (Verdict, bool) {
	var said *verdictError
	if !errors.As(err, &said) {
		return nil, false
	}
	return cutMessage(said.verdict), true
}

type verdictError struct {
	verdict Verdict
	err     error
}

func (e *verdictError) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	failure, _ := e.verdict.(Failure)
	return failure.Reason + ": " + failure.Message
}

func (e *verdictError) Unwrap() error { return e.err }

const (
	reasonOfPlainErrors = "EFFECT_FAILED"
	maxReasonBytes      = 64
	maxFailureMessage   = 512
)

// DefaultErrorPolicy knows [Final], [Retryable] and [WithVerdict]. [Unknown] are timeouts, broken connections, cancellation, and any other
// error after the attempt called SaveBeforeEffects. Every other error is a retryable failure: its reason is the name of the error's type in
// UPPER_SNAKE_CASE (EFFECT_FAILED for those of packages errors and fmt), its message the error's text.
//
// A connection that could not be opened (*net.OpError with Op "dial") is not broken: nothing was sent over it, so nothing happened. Only where
// opening it took too long it is a timeout like others. A Run or a Lease within the function whose outcome is not known to be recorded
// (*[NotRecordedError], Error.OutcomeUnknown) leaves the function's own open, too.
func DefaultErrorPolicy(err error, attempt *Attempt) Verdict {
	verdict, isSaid := VerdictOf(err)
	switch {
	case isSaid:
		return verdict
	case attempt != nil && attempt.EffectsBegan():
		return Unknown{}
	case isUnknownOutcome(err):
		return Unknown{}
	}
	return cutMessage(Failure{Reason: reasonOf(err), Message: err.Error(), Retryable: true})
}

func isUnknownOutcome(err error) bool {
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, ErrClosed,
		io.ErrUnexpectedEOF, io.EOF, io.ErrClosedPipe, net.ErrClosed, driver.ErrBadConn,
		syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	var lost *LeaseLostError
	var unrecorded *NotRecordedError
	var call *Error
	if errors.As(err, &lost) || errors.As(err, &unrecorded) || errors.As(err, &call) && (call.FnRan || call.OutcomeUnknown) {
		return true // an effect within this one has happened, or may have
	}
	var timed interface{ Timeout() bool }
	if errors.As(err, &timed) && timed.Timeout() {
		return true
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op != "dial"
	}
	return isUnknownStatus(err)
}

// isUnknownStatus: gRPC's words for timeouts and broken connections.
func isUnknownStatus(err error) bool {
	var told interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &told) {
		return false
	}
	switch told.GRPCStatus().Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.Unknown, codes.Internal, codes.DataLoss:
		return true
	}
	return false
}

// reasonOf is the name of the first type that is not of packages errors and fmt, in UPPER_SNAKE_CASE.
func reasonOf(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		named := reflect.TypeOf(err)
		if named.Kind() == reflect.Pointer {
			named = named.Elem()
		}
		if path := named.PkgPath(); named.Name() == "" || path == "errors" || path == "fmt" {
			continue
		}
		if reason := upperSnake(named.Name()); reason != "" {
			return reason
		}
	}
	return reasonOfPlainErrors
}

// upperSnake makes CARD_DECLINED_ERROR of cardDeclinedError and HTTP_ERROR of HTTPError. Empty where the name has none of its letters.
func upperSnake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r)) {
			continue
		}
		afterLower := i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]))
		beforeLower := i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if b.Len() > 0 && unicode.IsUpper(r) && (afterLower || beforeLower) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	reason := b.String()
	if reason == "" || unicode.IsDigit(rune(reason[0])) {
		return ""
	}
	return reason[:min(len(reason), maxReasonBytes)]
}

// cutMessage makes a message of what the server takes: 512 bytes of UTF-8, cut between characters.
func cutMessage(verdict Verdict) Verdict {
	failure, ok := verdict.(Failure)
	if !ok {
		return verdict
	}
	failure.Message = strings.ToValidUTF8(failure.Message, "\uFFFD")
	if len(failure.Message) > maxFailureMessage {
		cut := maxFailureMessage
		for !utf8.RuneStart(failure.Message[cut]) {
			cut--
		}
		failure.Message = failure.Message[:cut]
	}
	return failure
}
