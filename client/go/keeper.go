package semel

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// As many as one batch may carry.
	maxRenewalsAtOnce = MaxBatch
	// Bounds on how long one renewal may take before it is tried again: a third of the shortest lease in it, within these.
	shortestRenewal = 50 * time.Millisecond
	longestRenewal  = 5 * time.Second
	// Between tries of a renewal that failed.
	longestRenewalPause = 2 * time.Second
	// What is due within so much of the first lease's length is renewed with it.
	togetherFraction = 30
)

// renewed is what became of one renewal: the granted length, or an error.
type renewed struct {
	length time.Duration
	err    error
}

// renewAll makes one try; an error is that of the whole message.
type renewAll func(ctx context.Context, leases []heldKey) ([]renewed, error)

// leaseKeeper keeps all live leases of one Client alive, however many there are.
//
// A lease is renewed when a third of it has passed (less up to a fifth of that third, so that leases which began together drift apart);
// those that are due at about the same time share one BatchRenew. A failed renewal is tried again several times before the lease is over.
// The lease counts as lost when the server says so, or when it went by without a renewal: somebody may have taken over then.
type leaseKeeper struct {
	renewAll renewAll
	tellLost func(*LeaseLostError)
	ctx      context.Context // of the client
	cancel   context.CancelFunc
	done     sync.WaitGroup
	changed  chan struct{}

	mu      sync.Mutex
	started bool
	stopped bool
	wakeAt  time.Time // when the keeper looks at the schedule again; zero: when told
	held    map[*heldLease]struct{}
	due     schedule
}

func newLeaseKeeper(renewAll renewAll, tellLost func(*LeaseLostError)) *leaseKeeper {
	ctx, cancel := context.WithCancel(context.Background())
	return &leaseKeeper{
		renewAll: renewAll,
		tellLost: tellLost,
		ctx:      ctx,
		cancel:   cancel,
		changed:  make(chan struct{}, 1),
		held:     map[*heldLease]struct{}{},
	}
}

// stop cancels the renewals that are under way and waits for the goroutines. Leases that are still held count as lost.
func (k *leaseKeeper) stop() {
	k.mu.Lock()
	k.stopped = true
	var held []*heldLease
	for lease := range k.held {
		held = append(held, lease)
	}
	k.mu.Unlock()
	k.cancel()
	k.done.Wait()
	for _, lease := range held {
		lease.markLost(ErrClosed)
	}
}

// hold holds on to a lease of that length, granted at that moment, until it is dropped. The goroutine starts with the first one: a Client
// that only looks up needs none.
func (k *leaseKeeper) hold(key heldKey, length time.Duration, grantedAt time.Time) *heldLease {
	lease := &heldLease{keeper: k, key: key, length: length, ends: grantedAt.Add(length), place: notScheduled}
	lease.lost, lease.lose = context.WithCancelCause(context.Background())
	k.mu.Lock()
	if k.stopped {
		k.mu.Unlock()
		lease.markLost(ErrClosed)
		return lease
	}
	k.held[lease] = struct{}{}
	lease.lapse = time.AfterFunc(time.Until(lease.ends), lease.lapsed)
	k.schedule(lease, nextRenewal(lease.length, grantedAt))
	if !k.started {
		k.started = true
		k.done.Add(1)
		go k.work()
	}
	k.mu.Unlock()
	return lease
}

// expectEnd: the work is over and its outcome is being reported. Go on renewing, but "not in progress" is no longer a loss.
func (k *leaseKeeper) expectEnd(lease *heldLease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	lease.endExpected = true
}

// drop returns at once; a renewal that is under way is ignored.
func (k *leaseKeeper) drop(lease *heldLease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if lease.dropped {
		return
	}
	lease.dropped = true
	delete(k.held, lease)
	k.unschedule(lease)
	if lease.lapse != nil {
		lease.lapse.Stop()
	}
}

func (k *leaseKeeper) work() {
	defer k.done.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for k.ctx.Err() == nil {
		k.mu.Lock()
		due := k.takeDue(time.Now())
		k.wakeAt = time.Time{}
		if len(k.due) > 0 {
			k.wakeAt = k.due[0].dueAt
			timer.Reset(time.Until(k.wakeAt))
		}
		k.mu.Unlock()
		if len(due) > 0 {
			// On its own: a server that does not answer must not keep others, of shorter leases, waiting.
			k.done.Add(1)
			go k.renewTogether(due)
			continue
		}
		select {
		case <-timer.C:
		case <-k.changed:
		case <-k.ctx.Done():
		}
	}
}

// takeDue is called with the mutex held, as are schedule and unschedule.
func (k *leaseKeeper) takeDue(now time.Time) []*heldLease {
	if len(k.due) == 0 || k.due[0].dueAt.After(now) {
		return nil
	}
	until := now.Add(k.due[0].length / togetherFraction)
	var due []*heldLease
	for len(k.due) > 0 && !k.due[0].dueAt.After(until) && len(due) < maxRenewalsAtOnce {
		due = append(due, k.due[0])
		k.unschedule(k.due[0])
	}
	return due
}

func (k *leaseKeeper) schedule(lease *heldLease, at time.Time) {
	lease.dueAt = at
	heap.Push(&k.due, lease)
	if k.wakeAt.IsZero() || at.Before(k.wakeAt) {
		k.wakeAt = at
		signal(k.changed)
	}
}

func (k *leaseKeeper) unschedule(lease *heldLease) {
	if lease.place != notScheduled {
		heap.Remove(&k.due, lease.place)
	}
}

func (k *leaseKeeper) renewTogether(due []*heldLease) {
	defer k.done.Done()
	keys := make([]heldKey, len(due))
	k.mu.Lock()
	shortest := due[0].length
	for i, lease := range due {
		keys[i] = lease.key
		shortest = min(shortest, lease.length)
	}
	k.mu.Unlock()
	// The server counts from when it answers, which is later: what we believe of a lease's end errs on the safe side.
	sent := time.Now()
	ctx, cancel := context.WithTimeout(k.ctx, min(max(shortest/3, shortestRenewal), longestRenewal))
	items, err := k.renewAll(ctx, keys)
	cancel()
	for i, lease := range due {
		item := renewed{err: err}
		if err == nil {
			item = items[i]
		}
		if why := k.apply(lease, item, sent); why != nil {
			lease.markLost(why)
		}
	}
}

// apply answers why the lease may have been lost; nil: it was not.
func (k *leaseKeeper) apply(lease *heldLease, item renewed, sent time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	switch {
	case lease.dropped || k.stopped:
		return nil
	case item.err == nil:
		inTime := sent.Before(lease.ends)
		lease.length = item.length
		lease.ends = sent.Add(item.length)
		lease.lapse.Reset(time.Until(lease.ends))
		k.schedule(lease, nextRenewal(lease.length, sent))
		if !inTime {
			return errLapsed
		}
	case AttemptIsOver(item.err):
		if !lease.endExpected {
			return item.err
		}
	default:
		// Nobody may have taken over yet even when the lease went by: go on trying.
		k.schedule(lease, now.Add(pauseAfterError(lease.length)))
	}
	return nil
}

func nextRenewal(length time.Duration, grantedAt time.Time) time.Time {
	return grantedAt.Add(scaled(length/3, 0.8, 1.0))
}

// About ten tries before the lease is over.
func pauseAfterError(length time.Duration) time.Duration {
	return min(scaled(length/15, 0.5, 1.5), longestRenewalPause)
}

func scaled(length time.Duration, low, high float64) time.Duration {
	return time.Duration(float64(length) * (low + rand.Float64()*(high-low)))
}
