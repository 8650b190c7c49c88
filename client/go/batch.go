package semel

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"semel.dev/go/semelv1"
)

// MaxBatch is how many requests a batch may have; the server refuses more (ErrBatchTooLarge).
const MaxBatch = 1000

// What an item takes in its message beside its own bytes: a tag and a length.
const itemOverhead = 6

// An Item is what became of one request of a batch: the answer, or the error.
type Item[A any] struct {
	Answer A
	// Nil where there is an answer; else an *Error.
	Err error
}

// A BeginRequest is one item of [Client.BatchBegin]. Of the options WithTimeout does nothing.
type BeginRequest struct {
	Key     string
	Options []BeginOption
}

// A CompleteRequest is one item of [Client.BatchComplete]. Of the options WithTimeout does nothing.
type CompleteRequest struct {
	Key   string
	Token int64
	// A Result or a Failure.
	Ending  Ending
	Options []CompleteOption
}

// A RenewRequest is one item of [Client.BatchRenew]. Of the options WithTimeout does nothing.
type RenewRequest struct {
	Key     string
	Token   int64
	Options []RenewOption
}

// BatchBegin makes up to [MaxBatch] Begins in one message and one group commit; one answer or error for each, in order. Items are
// independent; two for one key see each other in order. Items cannot wait. Leases are not kept alive: [Client.Hold] them, or BatchRenew.
//
// What does not fit into a message of 4 MiB goes in several, one after another. Where a later one gets no answer, the answers so far stand,
// and its items and all after them carry the error; Error.OutcomeUnknown is true for those that were sent. Repeat these with the same
// attempt ids (give them, or they are drawn anew). The error of the call itself: the first message got no answer, or the server refused it
// (ErrBatchTooLarge).
//
// WithNamespace as an option of the call counts for all items that do not say otherwise.
func (c *Client) BatchBegin(ctx context.Context, requests []BeginRequest, options ...CallOption) ([]Item[BeginAnswer], error) {
	settings := settingsOf(options)
	sender := &batchSender[*semelv1.BeginRequest, BeginAnswer]{client: c, name: "BatchBegin", ctx: ctx}
	for _, request := range requests {
		each := itemSettings(settings, request.Options)
		wire := c.beginRequest(request.Key, each)
		sender.add(wire, checkBegin("Begin of "+shown(request.Key), wire))
	}
	return sender.send(settings, func(ctx context.Context, wires []*semelv1.BeginRequest, peer grpc.CallOption) ([]Item[BeginAnswer], error) {
		grantedAt := time.Now()
		response, err := c.calls.stub.BatchBegin(ctx, &semelv1.BatchBeginRequest{Requests: wires}, peer)
		return itemsOf(response.GetItems(), err, func(item *semelv1.BatchBeginResponse_Item) (BeginAnswer, error) {
			return beginAnswerFrom(item.GetResponse(), grantedAt)
		})
	})
}

// BatchComplete makes up to [MaxBatch] Completes; see BatchBegin.
func (c *Client) BatchComplete(ctx context.Context, requests []CompleteRequest, options ...CallOption) ([]Item[*Completed], error) {
	settings := settingsOf(options)
	sender := &batchSender[*semelv1.CompleteRequest, *Completed]{client: c, name: "BatchComplete", ctx: ctx, report: true}
	for _, request := range requests {
		wire := c.completeRequest(request.Key, request.Token, request.Ending, itemSettings(settings, request.Options))
		sender.add(wire, checkComplete("Complete of "+shown(request.Key), wire))
	}
	return sender.send(settings, func(ctx context.Context, wires []*semelv1.CompleteRequest, peer grpc.CallOption) ([]Item[*Completed], error) {
		response, err := c.calls.stub.BatchComplete(ctx, &semelv1.BatchCompleteRequest{Requests: wires}, peer)
		return itemsOf(response.GetItems(), err, func(item *semelv1.BatchCompleteResponse_Item) (*Completed, error) {
			return completedFrom(item.GetResponse())
		})
	})
}

// BatchRenew makes up to [MaxBatch] Renews, and answers the granted lengths; see BatchBegin.
func (c *Client) BatchRenew(ctx context.Context, requests []RenewRequest, options ...CallOption) ([]Item[time.Duration], error) {
	settings := settingsOf(options)
	sender := &batchSender[*semelv1.RenewRequest, time.Duration]{client: c, name: "BatchRenew", ctx: ctx, report: true}
	for _, request := range requests {
		wire := c.renewRequest(request.Key, request.Token, itemSettings(settings, request.Options))
		sender.add(wire, checkKey("Renew of "+shown(request.Key), wire.GetNamespace(), wire.GetKey()))
	}
	return sender.send(settings, func(ctx context.Context, wires []*semelv1.RenewRequest, peer grpc.CallOption) ([]Item[time.Duration], error) {
		response, err := c.calls.stub.BatchRenew(ctx, &semelv1.BatchRenewRequest{Requests: wires}, peer)
		return itemsOf(response.GetItems(), err, func(item *semelv1.BatchRenewResponse_Item) (time.Duration, error) {
			return durationFrom(item.GetResponse().GetLease()), nil
		})
	})
}

func itemSettings[O setting](ofCall callSettings, options []O) callSettings {
	settings := callSettings{namespace: ofCall.namespace}
	for _, option := range options {
		option.set(&settings)
	}
	return settings
}

func itemsOf[I interface{ GetError() *semelv1.Error }, A any](wires []I, err error, read func(I) (A, error)) ([]Item[A], error) {
	if err != nil {
		return nil, err
	}
	items := make([]Item[A], len(wires))
	for i, wire := range wires {
		if refused := wire.GetError(); refused != nil {
			items[i].Err = errorOfItem(refused)
			continue
		}
		items[i].Answer, items[i].Err = read(wire)
	}
	return items, nil
}

// batchSender is the way of one batch to the server, in as many messages as its bytes need.
type batchSender[Wire proto.Message, A any] struct {
	client *Client
	name   string
	ctx    context.Context
	report bool // see callPlan
	wires  []Wire
	items  []Item[A]
}

// add takes the next request; one that is refused here is not sent, or it would make the whole message unreadable.
func (b *batchSender[Wire, A]) add(wire Wire, refused error) {
	if size := proto.Size(wire) + itemOverhead; refused == nil && size > maxMessageBytes {
		refused = refusedHere(b.name, ErrFieldInvalid, FieldViolation{"requests", fmt.Sprintf(
			"one has %d bytes, more than a message of %d carries", size, maxMessageBytes)})
	}
	b.wires = append(b.wires, wire)
	b.items = append(b.items, Item[A]{Err: refused})
}

type sendBatch[Wire proto.Message, A any] func(ctx context.Context, wires []Wire, peer grpc.CallOption) ([]Item[A], error)

func (b *batchSender[Wire, A]) send(settings callSettings, send sendBatch[Wire, A]) ([]Item[A], error) {
	plan := b.client.plan("", "", settings, 0)
	plan.report = b.report
	deadline := time.Now().Add(plan.total)
	for first := 0; first < len(b.wires) || first == 0; {
		places := b.nextMessage(first)
		// An empty batch goes too: the server says what it thinks of it. One of which all was refused here does not.
		if len(places) > 0 || len(b.wires) == 0 {
			plan.call = fmt.Sprintf("%s of %d keys", b.name, len(places))
			plan.total = time.Until(deadline) // of all messages together
			if err := b.sendMessage(plan, places, send); err != nil {
				return b.failed(first, places, err)
			}
		}
		if len(places) == 0 {
			break
		}
		first = places[len(places)-1] + 1
	}
	return b.items, nil
}

// nextMessage answers the places of the requests that go together, from `first` on.
func (b *batchSender[Wire, A]) nextMessage(first int) []int {
	var places []int
	bytes := 0
	for i := first; i < len(b.wires); i++ {
		if b.items[i].Err != nil {
			continue
		}
		if bytes += proto.Size(b.wires[i]) + itemOverhead; bytes > maxMessageBytes && len(places) > 0 {
			break
		}
		places = append(places, i)
	}
	return places
}

func (b *batchSender[Wire, A]) sendMessage(plan callPlan, places []int, send sendBatch[Wire, A]) error {
	wires := make([]Wire, len(places))
	for i, place := range places {
		wires[i] = b.wires[place]
	}
	return b.client.conn.repeatedly(b.ctx, plan, func(ctx context.Context, timeout time.Duration) *failedTry {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		var server peer.Peer
		items, err := send(ctx, wires, grpc.Peer(&server))
		if err != nil {
			return &failedTry{err: errorOfCall(err), notSent: server.Addr == nil}
		}
		if len(items) != len(places) {
			return &failedTry{err: notUnderstood("another number of items")}
		}
		for i, place := range places {
			b.items[place] = items[i]
		}
		return nil
	})
}

// failed: the first message's error is that of the call; a later one's is that of its items and of all after them.
func (b *batchSender[Wire, A]) failed(first int, places []int, err error) ([]Item[A], error) {
	if first == 0 {
		return nil, err
	}
	for _, place := range places {
		b.items[place].Err = err
	}
	told := *err.(*Error)
	told.OutcomeUnknown = false
	told.Message = "not sent, as a message of the same batch before it failed: " + told.Message
	for i := places[len(places)-1] + 1; i < len(b.items); i++ {
		if b.items[i].Err == nil {
			b.items[i].Err = &told
		}
	}
	return b.items, nil
}
