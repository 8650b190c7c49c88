package caller_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"semel.dev/go/internal/caller"
)

func TestTheContextEndsWithItsParentUntilWorkHasBegun(t *testing.T) {
	why := errors.New("gone")
	parent, end := context.WithCancelCause(t.Context())
	ctx, goOn, cancel := caller.UntilBegun(parent, true)
	defer cancel()
	end(why)
	<-ctx.Done()
	if context.Cause(ctx) != why || goOn() {
		t.Errorf("got %v", context.Cause(ctx))
	}
}

func TestTheContextGoesOnOnceWorkHasBegun(t *testing.T) {
	type name struct{}
	parent, end := context.WithDeadline(context.WithValue(t.Context(), name{}, "ada"), time.Now().Add(time.Hour))
	ctx, goOn, cancel := caller.UntilBegun(parent, false)
	if !goOn() {
		t.Error("it had ended")
	}
	end()
	if ctx.Err() != nil || ctx.Value(name{}) != "ada" {
		t.Errorf("got %v, %v", ctx.Err(), ctx.Value(name{}))
	}
	if _, ok := ctx.Deadline(); ok {
		t.Error("it has a deadline")
	}
	cancel()
	if ctx.Err() == nil {
		t.Error("it goes on")
	}
}

func TestADeadlineOfTheServerCountsToTheEnd(t *testing.T) {
	parent, end := context.WithDeadline(t.Context(), time.Now())
	defer end()
	ctx, _, cancel := caller.UntilBegun(parent, true)
	defer cancel()
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("got %v", ctx.Err())
	}
	if _, ok := ctx.Deadline(); !ok {
		t.Error("it has no deadline")
	}
}
