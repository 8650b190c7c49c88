package semel

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	firstRest   = 5 * time.Minute
	longestRest = time.Hour
	// "Unavailable" may pass, and often comes with a restart of the server: only so many in a row count as a refusal.
	unavailableInARow = 5
)

// streamTrial knows whether streams come through to the server, as far as is known: what TransportAuto goes by.
//
// Where a stream does not open while calls of their own are answered, something on the way does not take streams. It is left alone for a
// while then, longer each time. Where calls are not answered either, nothing is learned.
type streamTrial struct {
	mu          sync.Mutex
	restsUntil  time.Time
	nextRest    time.Duration
	answered    time.Time // when the latest answered call began
	unavailable int       // in a row
}

// mayOpen: whether to open a stream now.
func (t *streamTrial) mayOpen(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !now.Before(t.restsUntil)
}

// callAnswered: a call of its own that began then was answered.
func (t *streamTrial) callAnswered(began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if began.After(t.answered) {
		t.answered = began
	}
}

// streamEnded answers whether streams count as refused from now on.
func (t *streamTrial) streamEnded(end streamEnd, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if end.wasOpen {
		t.unavailable = 0
		t.nextRest = 0
		return false
	}
	if !t.refused(end) {
		return false
	}
	t.unavailable = 0
	t.nextRest = min(max(2*t.nextRest, firstRest), longestRest)
	t.restsUntil = now.Add(t.nextRest)
	return true
}

func (t *streamTrial) refused(end streamEnd) bool {
	if end.err.Code == codes.Unimplemented {
		return true // an older server, or a proxy that knows no such path
	}
	if t.answered.Before(end.began) {
		return false
	}
	if end.err.Code != codes.Unavailable {
		return true
	}
	t.unavailable++
	return t.unavailable >= unavailableInARow
}
