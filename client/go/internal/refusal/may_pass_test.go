package refusal_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
	"semel.dev/go/internal/refusal"
)

func TestWhatMayPass(t *testing.T) {
	for _, each := range []struct {
		err  error
		want bool
	}{
		{&semel.Error{Code: codes.Unavailable}, true},
		{fmt.Errorf("not begun: %w", &semel.Error{Code: codes.ResourceExhausted, Reason: semel.ErrQuotaExceeded}), true},
		{&semel.Error{Code: codes.Internal}, true},
		{&semel.Error{Code: codes.Internal, Reason: semel.ErrStorageFailed}, false},
		{&semel.Error{Code: codes.InvalidArgument, Reason: semel.ErrFieldInvalid}, false},
		{&semel.Error{Code: codes.PermissionDenied}, false},
		{errors.New("not the service's"), false},
	} {
		if got := refusal.MayPass(each.err); got != each.want {
			t.Errorf("%+v: got %v", each.err, got)
		}
	}
}
