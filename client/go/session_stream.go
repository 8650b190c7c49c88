package semel

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"semel.dev/go/semelv1"
)

const (
	// Between streams; those who wait meanwhile have pauses of their own.
	firstStreamPause   = 50 * time.Millisecond
	longestStreamPause = time.Second
	// After a stream that lived for so long the pauses begin anew.
	longStreamLife = time.Second
	// How long the server's first message may take.
	openingTime = 5 * time.Second
)

type sessionCall = semelv1.IdempotencyService_SessionClient

// work opens streams for as long as somebody needs one.
func (s *session) work() {
	defer s.done.Done()
	pauses := newBackoff(firstStreamPause, longestStreamPause, 2)
	for s.awaitNeed() {
		end := s.liveOnce()
		s.tellEnd(end)
		if end.wasOpen && time.Since(end.began) >= longStreamLife {
			pauses = newBackoff(firstStreamPause, longestStreamPause, 2)
		}
		select {
		case <-time.After(pauses.next(0)):
		case <-s.ctx.Done():
		}
	}
}

// awaitNeed answers whether a stream is needed; false: the client is closed.
func (s *session) awaitNeed() bool {
	for s.ctx.Err() == nil {
		s.mu.Lock()
		needed := s.wanted || s.operations.hasUnsent()
		s.mu.Unlock()
		if needed {
			return true
		}
		select {
		case <-s.wake:
		case <-s.ctx.Done():
		}
	}
	return false
}

func (s *session) tellEnd(end streamEnd) {
	s.mu.Lock()
	s.state, s.abort, s.whyClosed = sessionClosed, nil, end
	s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.onEnd(end) // it knows before they call again
	}
	s.mu.Lock()
	s.operations.streamEnded(end)
	s.mu.Unlock()
}

var (
	errSilentStream = errors.New("nothing came over the Session stream for too long")
	errSlowStream   = errors.New("the server's first message did not come")
)

// liveOnce opens a stream and reads it until it ends.
func (s *session) liveOnce() streamEnd {
	ctx, abort := context.WithCancelCause(s.ctx)
	defer abort(nil)
	end := streamEnd{began: time.Now()}
	s.mu.Lock()
	s.wanted, s.state, s.abort = false, sessionOpening, func() { abort(errSilentStream) }
	s.mu.Unlock()
	tooSlow := time.AfterFunc(openingTime, func() { abort(errSlowStream) })
	call, first, err := s.openCall(ctx)
	if inTime := tooSlow.Stop(); err == nil && inTime {
		end.wasOpen = true
		err = s.converse(ctx, func() { abort(nil) }, call, first)
	}
	end.err = errorOfStream(err)
	if why := context.Cause(ctx); errors.Is(why, errSilentStream) || errors.Is(why, errSlowStream) {
		end.err = &Error{Code: codes.DeadlineExceeded, Message: why.Error()}
	}
	return end
}

// openCall sends an empty message, which the server answers with its limits.
func (s *session) openCall(ctx context.Context) (sessionCall, *semelv1.SessionResponse, error) {
	call, err := s.stub.Session(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := call.Send(&semelv1.SessionRequest{}); err != nil && err != io.EOF {
		return nil, nil, err
	}
	first, err := call.Recv() // after io.EOF, too: it has the reason
	return call, first, err
}

// converse reads and writes until the stream ends, and answers how it ended.
func (s *session) converse(ctx context.Context, abort func(), call sessionCall, response *semelv1.SessionResponse) error {
	s.mu.Lock()
	s.operations.setLimits(response.GetLimits())
	s.state = sessionOpen
	s.whyClosed = streamEnd{}
	s.quietSince = time.Now()
	s.mu.Unlock()
	var writer sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		s.write(ctx, call)
	}()
	signal(s.flush)
	var err error
	for err == nil {
		s.take(response)
		response, err = call.Recv()
	}
	s.mu.Lock()
	s.state = sessionEnding
	s.mu.Unlock()
	abort()
	writer.Wait()
	return err
}

func (s *session) take(response *semelv1.SessionResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quietSince = time.Now()
	for _, answer := range response.GetAnswers() {
		s.operations.answered(answer)
	}
	if s.operations.hasUnsent() {
		signal(s.flush) // there was no room for them
	}
}

// write sends what waits, message after message, until the stream ends.
func (s *session) write(ctx context.Context, call sessionCall) {
	for {
		select {
		case <-s.flush:
		case <-ctx.Done():
			return
		}
		for {
			// Those who were just answered run first: what they ask next shares the message.
			runtime.Gosched()
			message := s.nextMessage()
			if message == nil {
				break
			}
			if err := call.Send(message); err != nil {
				return // the reader finds out why
			}
		}
	}
}

func (s *session) nextMessage() *semelv1.SessionRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations.due() == 0 {
		s.quietSince = time.Now()
	}
	message := s.operations.takeMessage()
	if message != nil {
		s.figures.messages++
		s.figures.operations += len(message.GetOperations())
	}
	return message
}
