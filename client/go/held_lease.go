package semel

import (
	"context"
	"errors"
	"time"
)

var errLapsed = errors.New("semel: no renewal came through in time")

// heldKey says which attempt a lease belongs to.
type heldKey struct {
	namespace string
	key       string
	token     int64
}

// heldLease is one lease that is kept alive, as the keeper and the owner's function share it.
type heldLease struct {
	// Constant after construction; lost ends when the lease is lost, its cause is a *LeaseLostError.
	keeper *leaseKeeper
	key    heldKey
	lost   context.Context
	lose   context.CancelCauseFunc

	// Guarded by the keeper's mutex.
	length      time.Duration
	ends        time.Time // the earliest moment at which it can lapse
	lapse       *time.Timer
	dueAt       time.Time
	place       int // in the schedule
	endExpected bool
	dropped     bool
}

func (l *heldLease) markLost(why error) {
	if l.lost.Err() != nil {
		return
	}
	lost := &LeaseLostError{Key: l.key.key, Token: l.key.token, TakenOver: errors.Is(why, ErrTokenStale), Err: why}
	l.lose(lost)
	l.keeper.tellLost(lost)
}

// lapsed runs when the lease is over, unless it was renewed meanwhile.
func (l *heldLease) lapsed() {
	if l.isOver() {
		l.markLost(errLapsed)
	}
}

func (l *heldLease) isOver() bool {
	l.keeper.mu.Lock()
	defer l.keeper.mu.Unlock()
	return !l.dropped && !time.Now().Before(l.ends)
}

// isLost asks the clock, too: a process that was stopped for longer than its lease must not believe, until its timers get to run, that it
// still owns the key.
func (l *heldLease) isLost() bool {
	if l.lost.Err() == nil {
		l.lapsed()
	}
	return l.lost.Err() != nil
}

const notScheduled = -1

// schedule is a heap of leases by when they are due.
type schedule []*heldLease

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].dueAt.Before(s[j].dueAt) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

func (s *schedule) Push(x any) {
	lease := x.(*heldLease)
	lease.place = len(*s)
	*s = append(*s, lease)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	lease := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	lease.place = notScheduled
	return lease
}
