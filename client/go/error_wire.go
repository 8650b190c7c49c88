package semel

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"semel.dev/go/semelv1"
)

const errorDomain = "semel.v1"

// errorOfCall reads the error of a call of its own.
func errorOfCall(err error) *Error {
	told := status.Convert(err)
	read := &Error{Code: told.Code(), Message: told.Message(), told: told.Message(), hasDetails: len(told.Proto().GetDetails()) > 0}
	for _, detail := range told.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == errorDomain {
				read.Reason = Reason(d.GetReason())
				read.Metadata = d.GetMetadata()
			}
		case *errdetails.RetryInfo:
			read.RetryDelay = d.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, violation := range d.GetFieldViolations() {
				read.Violations = append(read.Violations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		}
	}
	return read
}

// errorOfItem reads the error of an item of a batch, or of an operation on a stream.
func errorOfItem(wire *semelv1.Error) *Error {
	code := codes.Code(wire.GetCode())
	if wire.GetCode() <= 0 || code > codes.Unauthenticated {
		code = codes.Unknown // an unknown code of a newer server must not read as success
	}
	read := &Error{
		Code:       code,
		Reason:     Reason(wire.GetReason()),
		Message:    wire.GetMessage(),
		Metadata:   wire.GetMetadata(),
		RetryDelay: wire.GetRetryDelay().AsDuration(),
		told:       wire.GetMessage(),
		hasDetails: true,
	}
	for _, violation := range wire.GetFieldViolations() {
		read.Violations = append(read.Violations, FieldViolation{violation.GetField(), violation.GetDescription()})
	}
	return read
}
