package semelpoll_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/semelpoll"
)

func TestMain(m *testing.M) { adaptertest.Main(m) }

// record is one of a topic.
type record struct {
	offset int64
	value  string
}

func keyOf(r record) (string, error) { return semelpoll.OffsetKey("billing", "orders", 0, r.offset) }

func recordsOf(values ...string) []record {
	records := make([]record, len(values))
	for i, value := range values {
		records[i] = record{int64(i), value}
	}
	return records
}

var errNoMore = errors.New("there are no more records")

// consumer reads a topic from the beginning, as after a rebalance, some records at a time.
type consumer struct {
	topic     []record
	perPoll   int
	position  int
	committed int
}

// Poll is as semelpoll.Source says.
func (c *consumer) Poll(context.Context) ([]record, error) {
	if c.position == len(c.topic) {
		return nil, errNoMore
	}
	polled := c.topic[c.position:min(c.position+c.perPoll, len(c.topic))]
	c.position += len(polled)
	return polled, nil
}

// Commit is as semelpoll.Source says.
func (c *consumer) Commit(_ context.Context, records []record) error {
	c.committed += len(records)
	if c.committed != c.position {
		return errors.New("other records were committed than polled")
	}
	return nil
}

// ledger is where the effects go.
type ledger struct {
	mu       sync.Mutex
	effects  []string
	previous []semel.Previous
}

func (l *ledger) handle(_ context.Context, r record, attempt *semel.Attempt) (semel.Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.effects = append(l.effects, r.value)
	l.previous = append(l.previous, attempt.Previous())
	return semel.Result{Payload: []byte(r.value)}, nil
}

func (l *ledger) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.effects)
}

func newLoop(t *testing.T, client *semel.Client, config semelpoll.Config[record]) (*semelpoll.Loop[record], *adaptertest.Log) {
	t.Helper()
	log := &adaptertest.Log{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the loop logged:\n" + log.Text())
		}
	})
	config.Logger = log.Logger()
	if config.Key == nil {
		config.Key = keyOf
	}
	loop, err := semelpoll.New(client, config)
	if err != nil {
		t.Fatal(err)
	}
	return loop, log
}

func wantState(t *testing.T, client *semel.Client, offset int64, want semel.State) *semel.Record {
	t.Helper()
	key, err := keyOf(record{offset: offset})
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.Lookup(adaptertest.Within(t), key)
	switch {
	case err != nil:
		t.Fatal(err)
	case found == nil:
		t.Fatalf("%s: there is no record", key)
	case found.State != want:
		t.Errorf("%s is %v, not %v", key, found.State, want)
	}
	return found
}
