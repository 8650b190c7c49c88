package semelpoll

import (
	"context"

	semel "semel.dev/go"
)

// reporter ends leases together: those that are finished while a batch is under way make up the next one. Nobody waits for a timer.
type reporter struct {
	client *semel.Client
	queue  chan waitingReport
	ended  chan struct{}
}

type waitingReport struct {
	ending semel.LeaseEnding
	answer chan semel.Item[*semel.Recorded]
}

func newReporter(client *semel.Client) *reporter {
	r := &reporter{client: client, queue: make(chan waitingReport, semel.MaxBatch), ended: make(chan struct{})}
	go r.work()
	return r
}

// report waits until the ending is recorded, or is not going to be.
func (r *reporter) report(ending semel.LeaseEnding) (*semel.Recorded, error) {
	waiting := waitingReport{ending, make(chan semel.Item[*semel.Recorded], 1)}
	r.queue <- waiting
	item := <-waiting.answer
	return item.Answer, item.Err
}

// end is called when nobody reports any more.
func (r *reporter) end() {
	close(r.queue)
	<-r.ended
}

func (r *reporter) work() {
	defer close(r.ended)
	for first := range r.queue {
		batch := r.withThoseThatWait(first)
		endings := make([]semel.LeaseEnding, len(batch))
		for i, each := range batch {
			endings[i] = each.ending
		}
		// The effects have happened, whatever becomes of the loop.
		for i, item := range r.client.EndLeases(context.Background(), endings) {
			batch[i].answer <- item
		}
	}
}

func (r *reporter) withThoseThatWait(first waitingReport) []waitingReport {
	batch := []waitingReport{first}
	for len(batch) < semel.MaxBatch {
		select {
		case next, ok := <-r.queue:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}
