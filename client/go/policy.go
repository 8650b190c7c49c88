package semel

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An ErrorPolicy decides what is reported of an error that a function of Run or Do returned and that does not say it itself
// ([VerdictOf]). It is not asked where the function's context has ended, or an effect within it is not recorded: that is [Unknown]. Used by
// many goroutines at once. Fall back on [DefaultErrorPolicy] for what it does not know.
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

// WithVerdict gives an error its verdict, which counts whatever the [ErrorPolicy] says. errors.Is and errors.As see through it. Nil stays nil.
func WithVerdict(err error, verdict Verdict) error {
	if err == nil {
		return nil
	}
	return &verdictError{verdict, err}
}

// VerdictOf answers the verdict that [Final], [Retryable] or [WithVerdict] gave an error; false where none of them did. A verdict on an effect
// within the function, whose outcome is not recorded (*[NotRecordedError], *[LeaseLostError]), is none on the function.
func VerdictOf(err error) (Verdict, bool) {
	if said := verdictIn(err); said != nil {
		return cutMessage(said.verdict), true
	}
	return nil, false
}

func verdictIn(err error) *verdictError {
	switch e := err.(type) {
	case *verdictError:
		return e
	case *NotRecordedError, *LeaseLostError:
		return nil
	}
	for _, within := range wrappedBy(err) {
		if said := verdictIn(within); said != nil {
			return said
		}
	}
	return nil
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
// opening it took too long it is a timeout like others. Every other *url.Error is a broken connection. A Run, a Lease or a call within the
// function leaves the function's own outcome open, too, where its own is not known to be recorded (*[NotRecordedError], *[LeaseLostError],
// ErrTokenStale, Error.FnRan, Error.OutcomeUnknown) or the service gave no answer.
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

// VerdictOn is what [Run] reports of an error of a function that had this context, made by [Lease.Context]: what the error says itself
// ([VerdictOf]); else [Unknown] where the context has ended, the lease is lost, or an effect within the function has happened and is not
// recorded; else what the policy says. Nil stands for the Client's policy. For programs that do what Run does themselves.
func (l *Lease) VerdictOn(ctx context.Context, err error, policy ErrorPolicy) Verdict {
	if verdict, isSaid := VerdictOf(err); isSaid {
		return verdict
	}
	if ctx.Err() != nil || l.IsLost() || anyOf(err, hasHappened) {
		return Unknown{}
	}
	if policy == nil {
		policy = l.client.config.policy
	}
	return policy(err, l.Attempt())
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
