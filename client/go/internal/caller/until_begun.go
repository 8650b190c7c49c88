// Package caller lets work go on that has begun, although whoever asked for it has gone.
package caller

import "context"

// UntilBegun derives a context that ends with its parent until goOn is called, and no longer with it from then on: who stops waiting calls
// off what has not begun, and what has begun is brought to its end, for those who ask again. The values of the parent stay. Its deadline
// does not, unless keepDeadline: for a deadline that is the server's own.
//
// goOn answers false where the parent had ended before: then the context has ended, too, or is about to. Call cancel when the work is over.
func UntilBegun(parent context.Context, keepDeadline bool) (ctx context.Context, goOn func() bool, cancel context.CancelFunc) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(parent))
	release := context.CancelFunc(func() {})
	if deadline, ok := parent.Deadline(); ok && keepDeadline {
		ctx, release = context.WithDeadline(ctx, deadline)
	}
	goOn = context.AfterFunc(parent, func() { end(context.Cause(parent)) })
	return ctx, goOn, func() {
		goOn()
		release()
		end(nil)
	}
}
