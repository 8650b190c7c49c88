package semel

import "context"

type attemptKey struct{}

// ContextWithAttempt puts the attempt into the context of the work that is done for it. [Run] and the adapters of this module do so; it is for
// those who hold a [Lease] themselves.
func ContextWithAttempt(ctx context.Context, attempt *Attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, attempt)
}

// AttemptFrom answers the attempt that the context's work is done for, for code deep below that hands [Attempt.Token] to what it writes to.
// False where it is done for none: outside of [Run], or where a request brought no key. Within a Run in a Run it is that of the inner one.
func AttemptFrom(ctx context.Context) (*Attempt, bool) {
	attempt, ok := ctx.Value(attemptKey{}).(*Attempt)
	return attempt, ok
}

// Attempt is the lease as the function that works for it may see it: all but ending it.
func (l *Lease) Attempt() *Attempt { return &Attempt{l} }
