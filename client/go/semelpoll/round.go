package semelpoll

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// round is one time of asking for all records that are not settled.
type round[R any] struct {
	*Loop[R]
	ctx      context.Context
	handlers context.Context // of which theirs are made
	reports  *reporter

	mu       sync.Mutex
	held     map[string]bool // orders of which a record is not settled: those after it wait
	stopped  error
	panicked string
	pause    time.Duration // before the next round
}

func newRound[R any](ctx context.Context, loop *Loop[R]) *round[R] {
	r := &round[R]{Loop: loop, ctx: ctx, handlers: context.WithoutCancel(ctx), reports: newReporter(loop.client),
		held: map[string]bool{}, pause: longestPause}
	if loop.config.CancelHandlers {
		r.handlers = ctx
	}
	return r
}

// end answers why there must not be another round; nil: there may be one, while the context goes on.
func (r *round[R]) end() error {
	r.reports.end()
	if r.panicked != "" {
		panic(r.panicked)
	}
	return r.stopped
}

// settle asks for the tasks and brings those that are acquired to their end.
func (r *round[R]) settle(tasks []*task[R]) {
	if r.isOver() {
		return
	}
	r.begin(tasks)
	groups := r.inOrder(tasks)
	queue := make(chan []*task[R], len(groups))
	for _, group := range groups {
		queue <- group
	}
	close(queue)
	var workers sync.WaitGroup
	for range min(r.config.Concurrency, len(groups)) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for group := range queue {
				r.work(group)
			}
		}()
	}
	workers.Wait()
}

// inOrder answers groups of tasks, of which each is to be worked through in its order.
func (r *round[R]) inOrder(tasks []*task[R]) [][]*task[R] {
	var groups [][]*task[R]
	if r.config.Order == nil {
		for _, t := range tasks {
			groups = append(groups, []*task[R]{t})
		}
		return groups
	}
	places := map[string]int{}
	for _, t := range tasks {
		place, ok := places[t.order]
		if !ok {
			place = len(groups)
			places[t.order] = place
			groups = append(groups, nil)
		}
		groups[place] = append(groups[place], t)
	}
	return groups
}

func (r *round[R]) work(group []*task[R]) {
	for _, t := range group {
		switch {
		case t.lease == nil && t.err == nil:
			t.settled = true // done before
		case r.isOver() || r.isHeldBack(t):
			r.giveBack(t)
		default:
			r.decideSafely(t)
		}
	}
}

// decide settles a task, or has the policy say what is to be done about it.
func (r *round[R]) decide(t *task[R]) {
	err := t.err
	if t.lease != nil {
		err = r.run(t)
	}
	if err == nil {
		t.settled = true
		return
	}
	switch action := r.config.Policy(r.ctx, t.record, err, t.asked); action {
	case Again:
		r.config.Logger.InfoContext(r.ctx, "semelpoll: a record is asked about again", "key", t.key, "asked", t.asked, "error", err)
		r.askAgain(t, err)
	case Skip:
		r.config.Logger.WarnContext(r.ctx, "semelpoll: a record is skipped", "key", t.key, "error", err)
		t.settled = true
	default:
		r.stop(&StoppedError{Key: t.key, Err: err})
	}
}

// decideSafely keeps a panic for the goroutine that called Process: in this one it would end the process, before what runs beside it is
// recorded.
func (r *round[R]) decideSafely(t *task[R]) {
	defer func() {
		if value := recover(); value != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.panicked = fmt.Sprintf("semelpoll: the record %q: %v\n\n%s", t.key, value, debug.Stack())
		}
	}()
	r.decide(t)
}

// giveBack: nothing was done, and others may take it at once.
func (r *round[R]) giveBack(t *task[R]) {
	if t.lease == nil {
		return
	}
	if err := t.lease.Release(r.ctx); err != nil {
		t.lease.Abandon() // it lapses, which is what would have happened without it
		r.config.Logger.WarnContext(r.ctx, "semelpoll: a record was not given back", "key", t.key, "error", err)
	}
}

func (r *round[R]) askAgain(t *task[R], err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pause = min(r.pause, pauseAfter(err))
	if r.config.Order != nil {
		r.held[t.order] = true
	}
}

func (r *round[R]) stop(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = why
	}
}

func (r *round[R]) isHeldBack(t *task[R]) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.config.Order != nil && r.held[t.order]
}

// isOver: nothing more is begun.
func (r *round[R]) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped != nil || r.panicked != "" || r.ctx.Err() != nil
}
