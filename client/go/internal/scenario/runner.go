package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	semel "semel.dev/go"
)

// Longer than anything here takes: only a server that hangs gets there.
const patience = 30 * time.Second

// Run runs a transcript step by step, with its server's data in the directory. The error is file:line, what was expected, and what came.
func Run(ctx context.Context, s *Scenario, directory string, transport semel.Transport) (err error) {
	config, err := s.config()
	if err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	namespace := defaultNamespace
	if len(s.Namespaces) > 0 {
		namespace = s.Namespaces[0].Name
	}
	r := &runner{
		scenario: s,
		names:    newNames(),
		service: &service{directory: directory, config: config, namespace: namespace, transport: transport,
			wallClock: firstMoment},
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := r.service.start(ctx); err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	for _, step := range s.Steps {
		if err := r.do(ctx, step); err != nil {
			return err
		}
	}
	if len(r.waiters) > 0 {
		return r.failed(r.waiters[0].line, "no line says what this call was answered")
	}
	return nil
}

type runner struct {
	scenario *Scenario
	service  *service
	names    *names
	waiters  []*waiter // calls whose answer no line has named yet, in the order of the transcript
}

// waiter is one call, from its sending to its answer.
type waiter struct {
	who      string
	line     int
	cancel   context.CancelFunc
	answered chan struct{}
	// Once answered.
	answer answer
	items  []answer
}

func startCall(ctx context.Context, call *Call, send sending) *waiter {
	ctx, cancel := context.WithCancel(ctx)
	w := &waiter{who: call.Who, line: call.Line, cancel: cancel, answered: make(chan struct{})}
	go func() {
		defer close(w.answered)
		w.answer, w.items = send(ctx)
	}()
	return w
}

func (w *waiter) isAnswered() bool {
	select {
	case <-w.answered:
		return true
	default:
		return false
	}
}

func (w *waiter) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-w.answered:
		return nil
	case <-ctx.Done():
		return errors.New("no answer came")
	}
}

// eventually waits for what no event tells, as that a server's gauge has reached a number.
func eventually(ctx context.Context, condition func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	glance := time.NewTicker(2 * time.Millisecond)
	defer glance.Stop()
	for {
		if met, err := condition(); met || err != nil {
			return err
		}
		select {
		case <-glance.C:
		case <-ctx.Done():
			return errors.New("it does not come to that")
		}
	}
}

func (r *runner) end() error {
	for _, w := range r.waiters {
		w.cancel()
		<-w.answered
	}
	return r.service.end()
}

func (r *runner) failed(line int, what string) error {
	return fmt.Errorf("%s:%d: %s", r.scenario.File, line, what)
}

func (r *runner) at(line int, err error) error {
	if err == nil {
		return nil
	}
	return r.failed(line, err.Error())
}

func (r *runner) do(ctx context.Context, step Step) error {
	switch s := step.(type) {
	case *Call:
		return r.doCall(ctx, s)
	case *Later:
		return r.doLater(ctx, s)
	case *Cancel:
		return r.doCancel(ctx, s)
	case *Waiting:
		return r.doWaiting(ctx, s)
	case *Elapse:
		return r.at(s.Line, r.service.elapse(ctx, s.By))
	case *StepWallClock:
		return r.at(s.Line, r.service.stepWallClock(ctx, s.By))
	case *OnServer:
		return r.at(s.Line, r.doOnServer(ctx, s))
	}
	return fmt.Errorf("no such step: %T", step)
}

func (r *runner) doCall(ctx context.Context, call *Call) error {
	if !r.service.running() {
		return r.failed(call.Line, "the server does not run")
	}
	send, err := speaker{call.Who, r.service.namespace, r.names, r.service.client, r.service.admin}.prepare(call)
	if err != nil {
		return r.at(call.Line, err)
	}
	if call.Waits {
		return r.startWaiting(ctx, call, send)
	}
	w := startCall(ctx, call, send)
	defer w.cancel()
	if err := w.await(ctx); err != nil {
		return r.at(call.Line, err)
	}
	switch {
	case call.Lost:
		return nil
	case len(call.Items) > 0 && call.Answer == nil:
		return r.checkItems(call, w)
	case call.Answer == nil:
		return r.failed(call.Line, "no answer is expected: got "+r.names.text(w.answer))
	}
	return r.check(call.Answer, w.answer)
}

// startWaiting returns once the server knows that the call waits, so that later steps come later for the server, too.
func (r *runner) startWaiting(ctx context.Context, call *Call, send sending) error {
	before, err := r.service.waiters(ctx)
	if err != nil {
		return r.at(call.Line, err)
	}
	w := startCall(ctx, call, send)
	r.waiters = append(r.waiters, w)
	err = eventually(ctx, func() (bool, error) {
		now, err := r.service.waiters(ctx)
		return w.isAnswered() || now > before, err
	})
	if w.isAnswered() {
		return r.failed(call.Line, "it did not wait: got "+r.names.text(w.answer))
	}
	return r.at(call.Line, err)
}

func (r *runner) checkItems(call *Call, w *waiter) error {
	if len(w.items) != len(call.Items) {
		return r.failed(call.Line, fmt.Sprintf("expected %d answers\n  got      %d: %s", len(call.Items), len(w.items),
			r.names.text(w.answer)))
	}
	for i, item := range call.Items {
		if item.Answer == nil {
			return r.failed(item.Line, "no answer is expected of this item")
		}
		if err := r.check(item.Answer, w.items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) check(expected *Expectation, got answer) error {
	if differs := r.names.mismatch(expected, got); differs != "" {
		return r.failed(expected.Line, fmt.Sprintf("%s\n  expected %s\n  got      %s", differs, expected, r.names.text(got)))
	}
	return nil
}

func (r *runner) doLater(ctx context.Context, later *Later) error {
	find := func() int {
		return slices.IndexFunc(r.waiters, func(w *waiter) bool {
			if later.Who == "" {
				return w.isAnswered()
			}
			return w.who == later.Who
		})
	}
	if later.Who == "" {
		if err := eventually(ctx, func() (bool, error) { return find() >= 0, nil }); err != nil {
			return r.failed(later.Answer.Line, "nobody was answered")
		}
	}
	i := find()
	if i < 0 {
		return r.failed(later.Answer.Line, "nobody of that name waits")
	}
	w := r.waiters[i]
	if err := w.await(ctx); err != nil {
		return r.at(later.Answer.Line, err)
	}
	r.waiters = slices.Delete(r.waiters, i, i+1)
	w.cancel()
	return r.check(&later.Answer, w.answer)
}

func (r *runner) doCancel(ctx context.Context, cancel *Cancel) error {
	i := slices.IndexFunc(r.waiters, func(w *waiter) bool { return w.who == cancel.Who })
	if i < 0 {
		return r.failed(cancel.Line, cancel.Who+" does not wait")
	}
	before, err := r.service.waiters(ctx)
	if err != nil {
		return r.at(cancel.Line, err)
	}
	w := r.waiters[i]
	w.cancel()
	if err := w.await(ctx); err != nil {
		return r.failed(cancel.Line, "the cancelled call does not end")
	}
	r.waiters = slices.Delete(r.waiters, i, i+1)
	return r.doWaiting(ctx, &Waiting{cancel.Line, before - 1})
}

func (r *runner) doWaiting(ctx context.Context, waiting *Waiting) error {
	known, unanswered := -1, -1
	err := eventually(ctx, func() (met bool, err error) {
		if known, err = r.service.waiters(ctx); err != nil {
			return false, err
		}
		unanswered = 0
		for _, w := range r.waiters {
			if !w.isAnswered() {
				unanswered++
			}
		}
		return known == waiting.Count && unanswered == waiting.Count, nil
	})
	if err != nil {
		return r.failed(waiting.Line, fmt.Sprintf("expected waiting %d\n  got      waiting %d, %d without an answer (%v)",
			waiting.Count, known, unanswered, err))
	}
	return nil
}

func (r *runner) doOnServer(ctx context.Context, on *OnServer) error {
	if r.service.running() == (on.Act == "start") {
		return errors.New("server started twice, or not")
	}
	switch on.Act {
	case "start":
		return r.service.start(ctx)
	case "kill":
		return r.service.kill()
	case "drain":
		return r.service.drain(ctx)
	}
	return r.service.stop(ctx)
}
