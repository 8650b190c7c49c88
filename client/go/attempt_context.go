package semel

import "context"

type attemptKey struct{}

// ContextWithAttempt puts the attempt into the context of the work that is done for it, for code deep below that hands [Attempt.Token] to
// what it writes to. The adapters of this module do so.
func ContextWithAttempt(ctx context.Context, attempt *Attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, attempt)
}

// AttemptFrom answers the attempt that the context's work is done for; false where it is done for none: outside of an adapter, or where a
// request brought no key.
func AttemptFrom(ctx context.Context) (*Attempt, bool) {
	attempt, ok := ctx.Value(attemptKey{}).(*Attempt)
	return attempt, ok
}

// Attempt is the lease as the function that works for it may see it: all but ending it.
func (l *Lease) Attempt() *Attempt { return &Attempt{l} }
