package semel

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// How many reports of a batch that have to be made one by one are under way at a time.
	reportsAtOnce = 16
	// What is left for those whose turn comes when the time is over.
	shortestReport = time.Millisecond
)

// A LeaseEnding says how the attempt of one lease ended, for [Client.EndLeases].
type LeaseEnding struct {
	// Of this Client, and not ended yet.
	Lease *Lease
	// A Result or a Failure.
	Ending Ending
	// WithRetention; the others do nothing here.
	Options []CompleteOption
}

// EndLeases is [Lease.Complete] or [Lease.Fail] of up to [MaxBatch] leases in one message and one group commit, and one answer or error
// for each, in order. The leases are kept alive until then. It goes on after the context has ended: the effects have happened.
//
// What the batch does not settle, because the server refused a part of a report or gave no answer, is reported by itself, as Complete and
// Fail do it, within one [WithCompleteTimeout] for all of them. So where the service is away, it takes up to twice that. Errors, and
// what follows them: as Lease.Complete.
func (c *Client) EndLeases(ctx context.Context, endings []LeaseEnding) []Item[*Recorded] {
	ctx = context.WithoutCancel(ctx)
	items := make([]Item[*Recorded], len(endings))
	if len(endings) == 0 {
		return items
	}
	requests := make([]CompleteRequest, len(endings))
	for i, each := range endings {
		c.keeper.expectEnd(each.Lease.held)
		requests[i] = CompleteRequest{Key: each.Lease.key, Token: each.Lease.Token(), Ending: each.Ending,
			Options: append(slices.Clone(each.Options), WithNamespace(each.Lease.namespace))}
	}
	completed, err := c.BatchComplete(ctx, requests, WithTimeout(c.config.completeTimeout))
	deadline := time.Now().Add(c.config.completeTimeout)
	var alone sync.WaitGroup
	places := make(chan struct{}, reportsAtOnce)
	for i, each := range endings {
		if err == nil && completed[i].Err == nil {
			each.Lease.Abandon() // it is over: nothing is left to keep alive
			items[i].Answer = &Recorded{Completed: *completed[i].Answer, ending: each.Ending}
			continue
		}
		alone.Add(1)
		places <- struct{}{}
		go func() {
			defer alone.Done()
			settings := settingsOf(each.Options)
			settings.timeout = max(time.Until(deadline), shortestReport)
			items[i].Answer, items[i].Err = each.Lease.end(ctx, each.Ending, settings)
			<-places
		}()
	}
	alone.Wait()
	return items
}
