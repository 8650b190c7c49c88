package semel_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

type cardDeclinedError struct{ code int }

func (e *cardDeclinedError) Error() string { return fmt.Sprintf("declined with code %d", e.code) }

type HTTPError struct{ error }

func failing(err error) func(context.Context, *semel.Attempt) (string, error) {
	return func(context.Context, *semel.Attempt) (string, error) { return "", err }
}

func TestDefaultErrorPolicy(t *testing.T) {
	plain := errors.New("no such account")
	failure := func(reason, message string) semel.Failure {
		return semel.Failure{Reason: reason, Message: message, Retryable: true}
	}
	for _, each := range []struct {
		name string
		err  error
		want semel.Verdict
	}{
		{"final", semel.Final("CARD_DECLINED", "no money"), semel.Failure{Reason: "CARD_DECLINED", Message: "no money"}},
		{"retryable, wrapped", fmt.Errorf("bank: %w", semel.Retryable("BUSY", "later", time.Minute)),
			semel.Failure{Reason: "BUSY", Message: "later", Retryable: true, RetryAfter: time.Minute}},
		{"said to be unknown", semel.WithVerdict(plain, semel.Unknown{}), semel.Unknown{}},
		{"said to be nothing", semel.WithVerdict(plain, semel.GiveBack{}), semel.GiveBack{}},
		{"plain", plain, failure("EFFECT_FAILED", "no such account")},
		{"plain, wrapped", fmt.Errorf("a: %w", plain), failure("EFFECT_FAILED", "a: no such account")},
		{"joined", errors.Join(plain, plain), failure("EFFECT_FAILED", "no such account\nno such account")},
		{"typed", &cardDeclinedError{51}, failure("CARD_DECLINED_ERROR", "declined with code 51")},
		{"typed, wrapped", fmt.Errorf("a: %w", &cardDeclinedError{51}), failure("CARD_DECLINED_ERROR", "a: declined with code 51")},
		{"an acronym", HTTPError{plain}, failure("HTTP_ERROR", "no such account")},
		{"an effect within, not recorded", &semel.NotRecordedError{Err: &semel.Error{Code: codes.InvalidArgument}}, semel.Unknown{}},
		{"an effect within, its report refused", &semel.Error{Code: codes.PermissionDenied, FnRan: true}, semel.Unknown{}},
		{"a call within that was not taken", &semel.Error{Code: codes.PermissionDenied},
			failure("ERROR", "semel: ")},
		{"not connected", &net.OpError{Op: "dial", Err: plain}, failure("OP_ERROR", "dial: no such account")},
		{"no such thing", status.Error(codes.NotFound, "no"), failure("ERROR", "rpc error: code = NotFound desc = no")},
		{"deadline", fmt.Errorf("a: %w", context.DeadlineExceeded), semel.Unknown{}},
		{"cancelled", context.Canceled, semel.Unknown{}},
		{"reset", &net.OpError{Op: "read", Err: plain}, semel.Unknown{}},
		{"dial timeout", &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, semel.Unknown{}},
		{"cut off", io.ErrUnexpectedEOF, semel.Unknown{}},
		{"an exchange that broke", &url.Error{Op: "Post", Err: plain}, semel.Unknown{}},
		{"an exchange, not connected", &url.Error{Op: "Post", Err: &net.OpError{Op: "dial", Err: plain}},
			failure("ERROR", `Post "": dial: no such account`)},
		{"no URL", &url.Error{Op: "parse", Err: plain}, failure("ERROR", `parse "": no such account`)},
		{"HTTP/2, by its text", errors.New("http2: client connection lost"), semel.Unknown{}},
		{"a database's connection", fmt.Errorf("a: %w", driver.ErrBadConn), semel.Unknown{}},
		{"MySQL's connection", fmt.Errorf("a: %w", errors.New("invalid connection")), semel.Unknown{}},
		{"MySQL's connection, by its text", errors.New("a: invalid connection"), semel.Unknown{}},
		{"no connection's name", errors.New("invalid connection string"), failure("EFFECT_FAILED", "invalid connection string")},
		{"data loss", status.Error(codes.DataLoss, "gone"), semel.Unknown{}},
		{"a call within without an answer", &semel.Error{Code: codes.Unavailable}, semel.Unknown{}},
		{"a call within that may have been done", &semel.Error{Code: codes.PermissionDenied, OutcomeUnknown: true}, semel.Unknown{}},
		{"somebody else is at it", &semel.Error{Code: codes.Aborted, Reason: semel.ErrTokenStale}, semel.Unknown{}},
		{"not the first that was joined", errors.Join(&semel.Error{Code: codes.NotFound}, &semel.Error{FnRan: true}), semel.Unknown{}},
		{"a lost lease, whatever the work said", &semel.LeaseLostError{Err: semel.Final("NO", "")}, semel.Unknown{}},
		{"unavailable", status.Error(codes.Unavailable, "gone"), semel.Unknown{}},
	} {
		if got := semel.DefaultErrorPolicy(each.err, nil); fmt.Sprint(got) != fmt.Sprint(each.want) {
			t.Errorf("%s: got %T%+v, want %T%+v", each.name, got, got, each.want, each.want)
		}
	}
}

func TestLongMessagesAreCutBetweenCharacters(t *testing.T) {
	verdict := semel.DefaultErrorPolicy(errors.New("x"+strings.Repeat("\u00e9", 400)+"\xff"), nil)
	message := verdict.(semel.Failure).Message
	if len(message) != 511 || !utf8.ValidString(message) {
		t.Errorf("%d bytes: %q", len(message), message)
	}
}

func TestFailuresAreRecordedAndReplayed(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	declined := &cardDeclinedError{51}
	for _, each := range []struct {
		key  string
		err  error
		want semel.Failure
	}{
		{"final", semel.Final("CARD_DECLINED", "no money"), semel.Failure{Reason: "CARD_DECLINED", Message: "no money"}},
		{"retryable", semel.Retryable("BUSY", "later", time.Hour),
			semel.Failure{Reason: "BUSY", Message: "later", Retryable: true, RetryAfter: time.Hour}},
		{"details", semel.WithVerdict(declined, semel.Failure{Reason: "DECLINED", Details: []byte{51}}),
			semel.Failure{Reason: "DECLINED", Details: []byte{51}}},
	} {
		_, err := semel.Run(within(t), client, each.key, failing(each.err))
		var failed *semel.EffectFailedError
		if !errors.As(err, &failed) || !errors.Is(err, each.err) || failed.Replayed || failed.Attempt != 1 ||
			fmt.Sprint(failed.Failure) != fmt.Sprint(each.want) || failed.RetryAfter != each.want.RetryAfter {
			t.Errorf("%s: got %+v, %v", each.key, failed, err)
		}
		_, err = semel.Run(within(t), client, each.key, mustNotRun(t))
		if !errors.As(err, &failed) || !failed.Replayed || failed.Failure.Reason != each.want.Reason ||
			failed.Failure.Retryable != each.want.Retryable || string(failed.Failure.Details) != string(each.want.Details) {
			t.Errorf("%s, replayed: got %+v, %v", each.key, failed, err)
		}
	}
	_, err := semel.Run(within(t), client, "seen through", failing(fmt.Errorf("bank: %w", declined)))
	var seen *cardDeclinedError
	if !errors.As(err, &seen) || seen != declined {
		t.Errorf("the function's own error is not seen: %v", err)
	}
}

func TestMaxAttemptsMakesTheLastFailureFinal(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{Config: "namespaces:\n  shop:\n    max_attempts: 1\n"})
	client := newClient(t, server.Address)
	_, err := semel.Run(within(t), client, "k", failing(errors.New("busy")))
	var failed *semel.EffectFailedError
	if !errors.As(err, &failed) || failed.Failure.Retryable {
		t.Errorf("got %+v, %v", failed, err)
	}
}

func TestNothingIsReportedWhereNobodyKnows(t *testing.T) {
	server, elapse := standing(t, "")
	client := newClient(t, server.Address)
	timeout := fmt.Errorf("bank: %w", context.DeadlineExceeded)
	if _, err := semel.Run(within(t), client, "timeout", failing(timeout), semel.WithLease(time.Minute)); err != timeout {
		t.Errorf("got %v, not the function's error as it was", err)
	}
	wantState(t, client, "timeout", semel.StateInProgress)

	_, err := semel.Run(within(t), client, "effects", func(ctx context.Context, a *semel.Attempt) (string, error) {
		if err := a.SaveBeforeEffects(ctx, []byte("sent")); err != nil {
			return "", err
		}
		return "", errors.New("what was that?")
	}, semel.WithLease(time.Minute))
	if err == nil || err.Error() != "what was that?" {
		t.Errorf("got %v", err)
	}
	wantState(t, client, "effects", semel.StateInProgress)

	elapse(time.Minute)
	wantState(t, client, "effects", semel.StateInDoubt)
	outcome, err := semel.Run(within(t), client, "timeout", func(_ context.Context, a *semel.Attempt) (string, error) {
		return a.Previous().String(), nil
	})
	if err != nil || outcome.Value != "abandoned" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestAPanicGoesOnAndReportsNothing(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	func() {
		defer func() {
			if got := recover(); got != "power cut" {
				t.Errorf("recovered %v", got)
			}
		}()
		_, _ = client.Do(within(t), "k", func(context.Context, *semel.Attempt) (any, error) { panic("power cut") })
	}()
	wantState(t, client, "k", semel.StateInProgress)
}

func TestGiveBackLetsTheNextOneRunAtOnce(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	closed := errors.New("the shop is closed")
	policy := semel.WithErrorPolicy(func(err error, a *semel.Attempt) semel.Verdict {
		if errors.Is(err, closed) {
			return semel.GiveBack{}
		}
		return semel.DefaultErrorPolicy(err, a)
	})
	if _, err := semel.Run(within(t), client, "k", failing(closed), policy); err != closed {
		t.Errorf("got %v", err)
	}
	outcome, err := semel.Run(within(t), client, "k", func(_ context.Context, a *semel.Attempt) (string, error) {
		return a.Previous().String(), nil
	})
	if err != nil || outcome.Value != "released" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

// What counts whatever a program's policy makes of errors.
func TestSomeErrorsAreNotForThePolicy(t *testing.T) {
	server, elapse := standing(t, "")
	client := newClient(t, server.Address, semel.WithErrorPolicy(func(error, *semel.Attempt) semel.Verdict {
		return semel.Failure{Reason: "MINE", Retryable: true}
	}))
	plain := errors.New("cut off")
	for name, each := range map[string]struct {
		err  error
		want semel.Previous
	}{
		"its own":                      {plain, semel.PreviousFailed},
		"said to be open":              {semel.WithVerdict(plain, semel.Unknown{}), semel.PreviousAbandoned},
		"given back":                   {semel.WithVerdict(plain, semel.GiveBack{}), semel.PreviousReleased},
		"another effect's report":      {fmt.Errorf("a: %w", &semel.Error{Code: codes.NotFound, FnRan: true}), semel.PreviousAbandoned},
		"another effect, not recorded": {&semel.NotRecordedError{Err: plain}, semel.PreviousAbandoned},
		"another effect's lease":       {errors.Join(plain, &semel.LeaseLostError{}), semel.PreviousAbandoned},
		"another effect's verdict":     {fmt.Errorf("a: %w", &semel.LeaseLostError{Err: semel.Final("NO", "")}), semel.PreviousAbandoned},
	} {
		if _, err := semel.Run(within(t), client, name, failing(each.err), semel.WithLease(time.Minute)); !errors.Is(err, each.err) {
			t.Errorf("%s: got %v", name, err)
		}
		if each.want == semel.PreviousAbandoned {
			elapse(time.Minute)
		}
		answer, err := client.Begin(within(t), name)
		if acquired, ok := answer.(*semel.Acquired); err != nil || !ok || acquired.Previous != each.want {
			t.Errorf("%s: got %+v, %v", name, answer, err)
		}
	}
}

// forgotten is a function whose key is deleted while it runs, so that its report is refused.
func forgotten(t *testing.T, address string, fnErr error) func(context.Context, *semel.Attempt) (string, error) {
	admin := newAdmin(t, address)
	return func(_ context.Context, a *semel.Attempt) (string, error) {
		request := semel.DeleteKeyRequest{Namespace: "shop", Key: a.Key(), Reason: "a test", Actor: "test"}
		if _, err := admin.DeleteKey(within(t), request); err != nil {
			t.Error(err)
		}
		return "paid", fnErr
	}
}

func TestWhatCannotBeRecordedIsAnErrorThatSaysWhatItWas(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	declined := semel.Final("CARD_DECLINED", "no money")
	for _, each := range []struct {
		fnErr  error
		text   string
		ending semel.Ending
	}{
		{nil, "the work of attempt 1 was done, but", semel.Result{Payload: []byte("paid"), ContentType: "text/plain; charset=utf-8"}},
		{declined, "the work of attempt 1 failed (CARD_DECLINED), but", semel.Failure{Reason: "CARD_DECLINED", Message: "no money"}},
	} {
		_, err := semel.Run(within(t), client, "k", forgotten(t, server.Address, each.fnErr))
		var unrecorded *semel.NotRecordedError
		var refused *semel.Error
		if !errors.As(err, &unrecorded) || !reflect.DeepEqual(unrecorded.Ending, each.ending) || !errors.Is(err, semel.ErrKeyNotFound) ||
			!errors.As(err, &refused) || !refused.FnRan || each.fnErr != nil && !errors.Is(err, each.fnErr) {
			t.Errorf("got %v", err)
			continue
		}
		if !strings.Contains(err.Error(), each.text) {
			t.Errorf("it does not say %q: %v", each.text, err)
		}
	}
}
