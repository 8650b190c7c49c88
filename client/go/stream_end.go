package semel

import (
	"errors"
	"io"

	"google.golang.org/grpc/codes"
)

// errorOfStream reads how a stream ended; io.EOF is OK.
func errorOfStream(err error) *Error {
	if err == nil || errors.Is(err, io.EOF) {
		return &Error{Code: codes.OK, Message: "the server ended it"}
	}
	return errorOfCall(err)
}

// lost is told to those whose operation was sent: whatever ended the stream, the answer is lost. What the server itself says of it is
// passed on.
func (e streamEnd) lost() *failedTry {
	if e.err.Code == codes.Unavailable {
		err := *e.err
		return &failedTry{err: &err}
	}
	return &failedTry{err: &Error{Code: codes.Unavailable, told: e.err.told,
		Message: "the Session stream ended with " + e.err.Code.String() + ": " + e.err.Message}}
}

// notSent is told to those whose operation was not: why not.
func (e streamEnd) notSent() *failedTry {
	err := *e.err
	switch {
	case e.wasOpen || err.Code == codes.OK:
		err = Error{Code: codes.Unavailable, told: err.told, Message: "the Session stream ended: " + err.Message}
	case err.Code == codes.Unimplemented:
		err.Message = "the server, or a proxy before it, does not take the Session stream: upgrade it, or set TransportAuto or " +
			"TransportUnary (" + err.Message + ")"
	}
	return &failedTry{err: &err, notSent: true}
}
