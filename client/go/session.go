package semel

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

// A stream on which nothing has come for so long, though something should have, is given up with the next timeout of an operation.
const longestSilence = 5 * time.Second

type sessionState int

const (
	sessionClosed sessionState = iota
	sessionOpening
	sessionOpen
	sessionEnding
)

// session carries many single calls over one bidirectional stream (rpc Session).
//
// What is submitted while a message is being written goes with the next one, all together; there are no timers. One goroutine opens the
// stream, again and again where somebody needs it, and reads the answers; while it lives another one writes.
type session struct {
	stub  stub
	onEnd func(streamEnd) // before those who wait are told
	ctx   context.Context // of the client
	close context.CancelFunc
	done  sync.WaitGroup

	wake  chan struct{} // to the goroutine that opens streams
	flush chan struct{} // to the one that writes

	mu         sync.Mutex
	operations sessionOperations
	state      sessionState
	abort      func() // gives the stream up for its silence, while it lives
	started    bool
	wanted     bool
	whyClosed  streamEnd // of the last stream
	quietSince time.Time // while answers are due
	figures    sessionFigures
}

// sessionFigures counts what was sent, without each stream's first message, which is empty.
type sessionFigures struct {
	messages   int
	operations int
}

func newSession(stub stub, onEnd func(streamEnd)) *session {
	ctx, cancel := context.WithCancel(context.Background())
	return &session{
		stub:       stub,
		onEnd:      onEnd,
		ctx:        ctx,
		close:      cancel,
		wake:       make(chan struct{}, 1),
		flush:      make(chan struct{}, 1),
		operations: sessionOperations{sent: map[uint64]*pendingOperation{}},
	}
}

// stop ends the stream and waits for the goroutines: who still waits is told.
func (s *session) stop() {
	s.mu.Lock()
	s.started = true // nothing starts any more
	s.mu.Unlock()
	s.close()
	s.done.Wait()
	s.tellEnd(streamEnd{err: &Error{Code: codes.Canceled, Message: ErrClosed.Error()}})
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake, or about to be
	}
}

// open opens the stream ahead of what will be submitted. Does nothing where it is open or being opened.
func (s *session) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sessionClosed {
		s.wanted = true
		s.start()
	}
}

func (s *session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == sessionOpen
}

func (s *session) sent() sessionFigures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.figures
}

// start is called with the mutex held.
func (s *session) start() {
	if !s.started {
		s.started = true
		s.done.Add(1)
		go s.work()
	}
	signal(s.wake)
}

// await waits for the answer of an operation that was submitted, for the timeout, or for the end of the context.
func (s *session) await(ctx context.Context, p *pendingOperation, timeout time.Duration) (*answer, *failedTry) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	timedOut := false
	select {
	case <-p.done:
		return p.answer, p.failed
	case <-timer.C:
		timedOut = true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	switch s.cancel(p, timedOut) {
	case cancelUnsent:
		return nil, s.notSentInTime()
	case cancelSent:
		return nil, &failedTry{err: &Error{Code: codes.DeadlineExceeded, Message: "the answer did not come in time"}}
	}
	<-p.done // it is there already
	return p.answer, p.failed
}

// submit sends the operation as soon as the stream is open and has room for it. With atOnce it does not wait for either: false, the
// operation is not taken.
func (s *session) submit(p *pendingOperation, atOnce bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if atOnce && (s.state != sessionOpen || !s.operations.hasRoomFor(p)) {
		return false
	}
	s.operations.add(p)
	switch s.state {
	case sessionClosed:
		s.start()
	case sessionOpen:
		signal(s.flush)
	}
	return true
}

func (s *session) cancel(p *pendingOperation, timedOut bool) cancelOutcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := s.operations.cancel(p)
	if outcome == cancelTooLate {
		return outcome
	}
	// Of what was sent, and waits for its key, the server should have told by now that the wait is over.
	overdue := timedOut && (outcome == cancelSent || s.operations.due() > 0)
	if overdue && time.Since(s.quietSince) > longestSilence && s.abort != nil {
		s.abort()
	}
	if s.state == sessionOpen {
		signal(s.flush)
	}
	return outcome
}

func (s *session) notSentInTime() *failedTry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whyClosed.err != nil {
		return s.whyClosed.notSent()
	}
	return &failedTry{notSent: true, err: &Error{Code: codes.DeadlineExceeded,
		Message: "the Session stream was not open, or had no room, in time"}}
}
