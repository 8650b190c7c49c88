package semel

import (
	"time"

	"google.golang.org/protobuf/proto"

	"semel.dev/go/semelv1"
)

const (
	// Of one message, beneath the 4 MiB that gRPC takes.
	maxMessageBytes = 4<<20 - 1024
	// What an operation takes in its message beside its request: tags, lengths, the id, the timeout.
	operationOverhead = 64
	// That nobody waits any longer is told as a courtesy: the server has their timeouts. Of more at once than this nothing is said.
	maxCancelled = 4096
)

type operationState int

const (
	operationUnsent    operationState = iota
	operationSent                     // its answer is due
	operationAbandoned                // likewise, and nobody waits for it
	operationGone                     // answered, cancelled, or its stream ended
)

// pendingOperation is one operation from its submission until its answer comes.
//
//	unsent ──takeMessage──▶ sent ──answered──▶ gone
//	  └──cancel──▶ gone      └──cancel──▶ abandoned ──answered──▶ gone
type pendingOperation struct {
	op    *operation // not to be changed any more once it was submitted
	size  int
	waits bool // for its key

	state operationState // guarded by the session's mutex

	// Written before done is closed.
	answer *answer
	failed *failedTry
	done   chan struct{}
}

func newPendingOperation(op *operation) *pendingOperation {
	wait := op.GetBegin().GetWait()
	return &pendingOperation{
		op:    op,
		size:  proto.Size(op) + operationOverhead,
		waits: wait.GetSeconds() > 0 || wait.GetNanos() > 0,
		done:  make(chan struct{}),
	}
}

func (p *pendingOperation) fitsIntoMessage() bool { return p.size <= maxMessageBytes }

func (p *pendingOperation) answered(answer *answer, failed *failedTry) {
	p.state = operationGone
	p.answer, p.failed = answer, failed
	close(p.done)
}

// sessionOperations are those of a stream that have no answer yet. Guarded by the session's mutex.
//
// Begins that wait for their key have room of their own, so that they do not keep out the reports which they wait for.
type sessionOperations struct {
	prompt    operationQueue
	patient   operationQueue // Begins that wait
	sent      map[uint64]*pendingOperation
	cancelled []uint64 // to be told
	lastID    uint64

	maxInMessage  int
	maxUnanswered int
	waiting       int // of those that were sent, Begins that wait
}

// operationQueue has unsent operations in order; the cancelled ones stay until their turn.
type operationQueue struct {
	queued []*pendingOperation
	unsent int // without the cancelled
}

func (o *sessionOperations) setLimits(limits *semelv1.SessionLimits) {
	o.maxInMessage = max(int(limits.GetMaxOperations()), 1)
	o.maxUnanswered = max(int(limits.GetMaxUnanswered()), 2)
}

// Owners' reports, which end the waiting, must find room.
func (o *sessionOperations) maxWaiting() int { return o.maxUnanswered / 2 }

func (o *sessionOperations) queueOf(p *pendingOperation) *operationQueue {
	if p.waits {
		return &o.patient
	}
	return &o.prompt
}

func (o *sessionOperations) hasUnsent() bool { return o.prompt.unsent+o.patient.unsent > 0 }

// due are the operations that were sent and do not wait for their key.
func (o *sessionOperations) due() int { return len(o.sent) - o.waiting }

// hasRoomFor: whether one more would be sent before any answer comes.
func (o *sessionOperations) hasRoomFor(p *pendingOperation) bool {
	if o.prompt.unsent+o.patient.unsent+len(o.sent) >= o.maxUnanswered {
		return false
	}
	return !p.waits || o.patient.unsent+o.waiting < o.maxWaiting()
}

func (o *sessionOperations) add(p *pendingOperation) {
	o.lastID++
	p.op.Id = o.lastID
	queue := o.queueOf(p)
	queue.queued = append(queue.queued, p)
	queue.unsent++
}

type cancelOutcome int

const (
	cancelTooLate cancelOutcome = iota // the answer is there
	cancelUnsent
	cancelSent
)

func (o *sessionOperations) cancel(p *pendingOperation) cancelOutcome {
	switch p.state {
	case operationUnsent:
		p.state = operationGone
		o.queueOf(p).unsent--
		return cancelUnsent
	case operationSent:
		p.state = operationAbandoned
		if len(o.cancelled) < maxCancelled {
			o.cancelled = append(o.cancelled, p.op.Id)
		}
		return cancelSent
	}
	return cancelTooLate
}

// takeMessage answers the next message, with as much as it and the limits of the stream allow; nil: there is nothing to be sent now.
func (o *sessionOperations) takeMessage() *semelv1.SessionRequest {
	message := &semelv1.SessionRequest{Cancelled: o.cancelled}
	o.cancelled = nil
	bytes := 10 * len(message.Cancelled)
	o.append(message, &o.prompt, o.maxUnanswered-len(o.sent), &bytes)
	o.append(message, &o.patient, min(o.maxUnanswered-len(o.sent), o.maxWaiting()-o.waiting), &bytes)
	if len(message.Operations) == 0 && len(message.Cancelled) == 0 {
		return nil
	}
	return message
}

func (o *sessionOperations) append(message *semelv1.SessionRequest, queue *operationQueue, room int, bytes *int) {
	taken := 0
	for _, p := range queue.queued {
		if p.state == operationUnsent {
			full := *bytes > 0 && *bytes+p.size > maxMessageBytes
			if room <= 0 || len(message.Operations) >= o.maxInMessage || full {
				break
			}
			p.state = operationSent
			o.sent[p.op.Id] = p
			message.Operations = append(message.Operations, p.op)
			*bytes += p.size
			room--
			queue.unsent--
			if p.waits {
				o.waiting++
			}
		}
		taken++
	}
	clear(queue.queued[:taken])
	queue.queued = queue.queued[taken:]
	if len(queue.queued) == 0 {
		queue.queued = nil
	}
}

func (o *sessionOperations) answered(answer *answer) {
	p := o.sent[answer.GetId()]
	if p == nil {
		return
	}
	delete(o.sent, answer.GetId())
	if p.waits {
		o.waiting--
	}
	if p.state == operationSent {
		p.answered(answer, nil)
	}
}

// streamEnded: none of the operations gets an answer.
func (o *sessionOperations) streamEnded(end streamEnd) {
	for _, p := range o.sent {
		if p.state == operationSent {
			p.answered(nil, end.lost())
		}
	}
	clear(o.sent)
	o.waiting = 0
	o.cancelled = nil
	for _, queue := range []*operationQueue{&o.prompt, &o.patient} {
		for _, p := range queue.queued {
			if p.state == operationUnsent {
				p.answered(nil, end.notSent())
			}
		}
		*queue = operationQueue{}
	}
}

// streamEnd is how one stream ended.
type streamEnd struct {
	err     *Error
	wasOpen bool // the server's first message had come
	began   time.Time
}
