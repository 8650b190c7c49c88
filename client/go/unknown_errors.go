package semel

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Which errors leave open whether the effect happened: the request may have arrived, and only its answer was lost. To take that for a
// failure would be to pay twice, so doubt goes one way. The kinds are the same in every language.

var unknownErrors = []error{
	context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, ErrClosed, ErrTokenStale,
	io.ErrUnexpectedEOF, io.EOF, io.ErrClosedPipe, net.ErrClosed, driver.ErrBadConn,
	syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ETIMEDOUT,
}

// The errors of net/http that tell of a connection that broke have types that are not exported, or none.
var brokenExchangeTexts = []string{
	"http2: ", "stream error: stream ID ", "connection error: ", "transport connection broken", "server closed idle connection",
	"malformed chunked encoding", "unexpected EOF reading trailer",
}

// Of MySQL's driver, which has no driver.ErrBadConn for what was sent already.
const lostConnectionText = "invalid connection"

func isUnknownOutcome(err error) bool {
	if slices.ContainsFunc(unknownErrors, func(known error) bool { return errors.Is(err, known) }) {
		return true
	}
	text := err.Error() // also of what was wrapped by its text alone
	if slices.ContainsFunc(brokenExchangeTexts, func(known string) bool { return strings.Contains(text, known) }) ||
		strings.HasSuffix(": "+text, ": "+lostConnectionText) {
		return true
	}
	return anyOf(err, isUnknownKind)
}

func isUnknownKind(err error) bool {
	if hasHappened(err) {
		return true
	}
	if timed, ok := err.(interface{ Timeout() bool }); ok && timed.Timeout() {
		return true
	}
	switch e := err.(type) {
	case *Error:
		return e.OutcomeUnknown || isUnknownCode(e.Code)
	case *net.OpError:
		return e.Op != "dial"
	case *url.Error:
		return e.Op != "parse" && !isDialError(e.Err)
	case interface{ GRPCStatus() *status.Status }:
		return isUnknownCode(e.GRPCStatus().Code())
	}
	return err.Error() == lostConnectionText
}

func isDialError(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// isUnknownCode: gRPC's words for timeouts and broken connections.
func isUnknownCode(code codes.Code) bool {
	switch code {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.Unknown, codes.Internal, codes.DataLoss:
		return true
	}
	return false
}

// hasHappened: an effect within the function has happened as far as anybody can tell, and is not recorded, or somebody else is at it.
func hasHappened(err error) bool {
	switch e := err.(type) {
	case *LeaseLostError, *NotRecordedError:
		return true
	case *Error:
		return e.FnRan
	}
	return false
}

// anyOf asks about an error and all that it wraps.
func anyOf(err error, is func(error) bool) bool {
	return is(err) || slices.ContainsFunc(wrappedBy(err), func(within error) bool { return anyOf(within, is) })
}

func wrappedBy(err error) []error {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return present(e.Unwrap())
	case interface{ Unwrap() []error }:
		return present(e.Unwrap()...)
	}
	return nil
}
