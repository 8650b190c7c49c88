package semel

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// backoff draws the pauses of one call; see RetryPolicy. The zero value is not usable.
type backoff struct {
	ceiling    float64 // of the next draw, in nanoseconds
	max        float64
	multiplier float64
}

func newBackoff(initial, longest time.Duration, multiplier float64) backoff {
	return backoff{ceiling: float64(min(initial, longest)), max: float64(longest), multiplier: multiplier}
}

// next answers the next pause. Where the server asked for one, it is that and the drawn one on top: those who were told the same must
// not come back at the same instant.
func (b *backoff) next(askedFor time.Duration) time.Duration {
	drawn := time.Duration(rand.Float64() * b.ceiling)
	b.ceiling = min(b.ceiling*b.multiplier, b.max)
	return askedFor + drawn
}

// retryBudget bounds the retries of all calls of a Client together, as gRPC's retry throttling does (gRFC A6): a token bucket. It counts
// in tenths of a token.
type retryBudget struct {
	unbounded bool
	full      int64
	tenths    atomic.Int64
}

const tenthsOfRetry = 10

func newRetryBudget(tokens int) *retryBudget {
	b := &retryBudget{unbounded: tokens < 0, full: int64(tokens) * tenthsOfRetry}
	b.tenths.Store(b.full)
	return b
}

// take answers whether there was a token for one retry.
func (b *retryBudget) take() bool {
	if b.unbounded {
		return true
	}
	for {
		left := b.tenths.Load()
		if left < tenthsOfRetry {
			return false
		}
		if b.tenths.CompareAndSwap(left, left-tenthsOfRetry) {
			return true
		}
	}
}

func (b *retryBudget) succeeded() {
	for {
		left := b.tenths.Load()
		if left >= b.full || b.tenths.CompareAndSwap(left, left+1) {
			return
		}
	}
}
