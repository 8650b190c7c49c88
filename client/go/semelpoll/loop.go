package semelpoll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	semel "semel.dev/go"
)

// A Loop polls, processes and commits. It has no state of its own: several goroutines may run it, each with a [Source] of its own.
type Loop[R any] struct {
	client *semel.Client
	config Config[R]
}

// New makes a Loop. The Client stays the caller's, who closes it after the loop has ended. Errors: a Config that is wrong.
func New[R any](client *semel.Client, config Config[R]) (*Loop[R], error) {
	if client == nil {
		return nil, errors.New("semelpoll: the client is nil: pass the Client that semel.New answered")
	}
	config, err := config.completed()
	if err != nil {
		return nil, err
	}
	return &Loop[R]{client: client, config: config}, nil
}

// Run polls, processes and commits until the context ends, whose error it answers then. Other errors: *[StoppedError], and those of the
// source. Nothing is lost with any of them: what was not committed is delivered again, and what was done of it, and recorded, is skipped.
func (l *Loop[R]) Run(ctx context.Context, source Source[R]) error {
	for ctx.Err() == nil {
		records, err := source.Poll(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("semelpoll: poll: %w", err)
		}
		if len(records) == 0 {
			continue
		}
		if err := l.Process(ctx, records); err != nil {
			return err
		}
		if err := source.Commit(context.WithoutCancel(ctx), records); err != nil {
			return fmt.Errorf("semelpoll: commit: %w", err)
		}
	}
	return ctx.Err()
}

// Process settles all these records, and returns when they may be committed. For programs that poll and commit themselves. Errors:
// *[StoppedError], or that of the context, where it ended before all was settled; safe to repeat with the same records.
//
// Where Handle panics, what runs beside it is brought to its end and recorded, and Process panics.
func (l *Loop[R]) Process(ctx context.Context, records []R) error {
	open := make([]*task[R], len(records))
	for i, record := range records {
		var err error
		if open[i], err = l.newTask(record); err != nil {
			return err
		}
	}
	for len(open) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		round := newRound(ctx, l)
		for chunk := range slices.Chunk(open, semel.MaxBatch) {
			round.settle(chunk)
		}
		if err := round.end(); err != nil {
			return err
		}
		open = slices.DeleteFunc(open, func(t *task[R]) bool { return t.settled })
		if len(open) > 0 {
			pause(ctx, round.pause)
		}
	}
	return nil
}

// pause also ends with the context.
func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// task is a record on its way to be settled. Used by one goroutine at a time.
type task[R any] struct {
	record  R
	key     string
	options []semel.BeginOption // but for the attempt id
	order   string

	attemptID []byte // kept while the answer to a Begin is unknown: it may have been acquired
	asked     int
	settled   bool

	// The answer to the last Begin: a lease, or why there is none. Neither: it was done before.
	lease *semel.Lease
	err   error
}

func (l *Loop[R]) newTask(record R) (*task[R], error) {
	key, err := l.config.Key(record)
	if err != nil {
		return nil, &StoppedError{Err: fmt.Errorf("it has no key: %w", err)}
	}
	t := &task[R]{record: record, key: key}
	if l.config.Fingerprint != nil {
		fingerprint, err := l.config.Fingerprint(record)
		if err != nil {
			return nil, &StoppedError{Key: key, Err: fmt.Errorf("it has no fingerprint: %w", err)}
		}
		if fingerprint != nil {
			t.options = append(t.options, semel.WithFingerprint(fingerprint))
		}
	}
	if l.config.Lease > 0 {
		t.options = append(t.options, semel.WithLease(l.config.Lease))
	}
	if l.config.Order != nil {
		t.order = l.config.Order(record)
	}
	return t, nil
}
