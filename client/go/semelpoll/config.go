package semelpoll

import (
	"context"
	"errors"
	"log/slog"
	"time"

	semel "semel.dev/go"
)

const defaultConcurrency = 16

// A Source is a consumer of a client library, seen by a [Loop]. Its methods are called by one goroutine at a time.
type Source[R any] interface {
	// Poll waits for records and answers them in their order; none is fine. Its error ends the loop, unless the context had ended.
	Poll(ctx context.Context) ([]R, error)
	// Commit says that all records of the last poll are settled. Its error ends the loop. The context does not end with the loop's.
	Commit(ctx context.Context, records []R) error
}

// A Config says what a [Loop] does with a record. Its functions are called by many goroutines at once.
type Config[R any] struct {
	// Key answers what tells the record apart, 1 to 255 bytes: see the package's documentation. An error stops the loop. Required.
	Key func(record R) (string, error)
	// Fingerprint identifies the record's content, at most 64 bytes; see semel.Fingerprint. An error stops the loop. Nil: nothing is
	// compared.
	Fingerprint func(record R) ([]byte, error)
	// Handle does the work. It answers a result when the effect happened; its errors mean what those of semel.Run's functions do. Its
	// context is cancelled when the lease is lost; it has the attempt, too (semel.AttemptFrom). Required.
	Handle func(ctx context.Context, record R, attempt *semel.Attempt) (semel.Result, error)
	// Order answers which records must be processed one after the other, in the order of the poll: those with the same text. A record
	// that is not settled yet holds back those after it. Nil: there is no order.
	Order func(record R) string
	// Policy decides about records that were not settled. Nil: DefaultPolicy.
	Policy Policy[R]
	// ErrorPolicy decides what is reported of an error of Handle. Nil: the Client's policy.
	ErrorPolicy semel.ErrorPolicy
	// How many records are processed at a time; default 16.
	Concurrency int
	// The namespace of the keys. Empty: the Client's.
	Namespace string
	// How long this process may fall silent, 10 ms to the namespace's lease_max. Zero: what the Client says.
	Lease time.Duration
	// How long outcomes are replayed. Zero: the namespace's result_retention. Longer than records may be delivered again.
	Retention time.Duration
	// CancelHandlers ends the contexts of handlers with that of the loop. Without it they go on to their end.
	CancelHandlers bool
	// Gets what is worth a line: records that are skipped, asked about again, or not recorded. Nil: slog.Default().
	Logger *slog.Logger
}

func (c Config[R]) completed() (Config[R], error) {
	if c.Policy == nil {
		c.Policy = DefaultPolicy[R]
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Key == nil:
		return c, errors.New("semelpoll: Config.Key is nil")
	case c.Handle == nil:
		return c, errors.New("semelpoll: Config.Handle is nil")
	case c.Concurrency < 0:
		return c, errors.New("semelpoll: Config.Concurrency must be above zero")
	case c.Lease < 0, c.Retention < 0:
		return c, errors.New("semelpoll: Config.Lease and Config.Retention must not be negative")
	}
	return c, nil
}

func (c Config[R]) callOptions() []semel.CallOption {
	if c.Namespace == "" {
		return nil
	}
	return []semel.CallOption{semel.WithNamespace(c.Namespace)}
}

func (c Config[R]) completeOptions() []semel.CompleteOption {
	if c.Retention == 0 {
		return nil
	}
	return []semel.CompleteOption{semel.WithRetention(c.Retention)}
}

// OffsetKey is the key of a record's place for one group of consumers: semel.KeyOf(group, topic, partition, offset). Another group does other
// work with the same record.
func OffsetKey(group, topic string, partition int32, offset int64) (string, error) {
	return semel.KeyOf(group, topic, partition, offset)
}
