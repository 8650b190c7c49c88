package semelpoll_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	semel "semel.dev/go"
	"semel.dev/go/semelpoll"
)

// message stands for that of a client library.
type message struct {
	topic     string
	partition int32
	offset    int64
	headers   map[string]string
	value     []byte
}

// library stands for the consumer of a client library: semelpoll.Source is its Poll and Commit.
type library struct{}

func (library) Poll(ctx context.Context) ([]message, error) { <-ctx.Done(); return nil, ctx.Err() }
func (library) Commit(_ context.Context, _ []message) error { return nil }

func Example() {
	client, err := semel.New("localhost:7420", semel.WithNamespace("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	const group = "billing"
	loop, err := semelpoll.New(client, semelpoll.Config[message]{
		Key: func(m message) (string, error) {
			if id := m.headers["idempotency-key"]; id != "" {
				return semel.KeyOf(group, id)
			}
			return semelpoll.OffsetKey(group, m.topic, m.partition, m.offset)
		},
		Order: func(m message) string { return fmt.Sprint(m.topic, " ", m.partition) },
		Handle: func(_ context.Context, m message, a *semel.Attempt) (semel.Result, error) {
			return semel.Result{}, charge(m.value, a.Token())
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Ctrl-C lets the records that are being processed end.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Print(loop.Run(ctx, library{}))
}

func charge([]byte, int64) error { return nil }
