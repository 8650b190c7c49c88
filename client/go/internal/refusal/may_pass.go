// Package refusal tells the adapters apart why the service did not let a call begin.
package refusal

import (
	"errors"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
)

// MayPass: it may go better the next time. False where the call, or what is configured, is at fault.
func MayPass(err error) bool {
	var told *semel.Error
	if !errors.As(err, &told) {
		return false
	}
	switch told.Code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled, codes.Aborted:
		return true
	case codes.Unknown, codes.Internal:
		return told.Reason == "" // a broken connection
	}
	return false
}
