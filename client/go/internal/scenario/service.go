package scenario

import (
	"context"
	"errors"
	"fmt"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

const (
	defaultNamespace = "shop"
	firstMoment      = Micros(1_700_000_000_000_000)
)

// service is a semeld process that starts again and again on the same data, with a clock that only the transcript moves, and the clients
// that speak to it.
type service struct {
	directory string
	config    string
	namespace string
	transport semel.Transport
	wallClock Micros // that the next start is told

	process  *semeldtest.Process
	draining bool
	client   *semel.Client
	admin    *semel.AdminClient
}

func (s *service) running() bool { return s.process != nil }

func (s *service) start(ctx context.Context) error {
	clock := int64(s.wallClock)
	process, err := semeldtest.Launch(ctx, semeldtest.Options{Directory: s.directory, Config: s.config, TestClock: &clock})
	if err != nil {
		return err
	}
	s.process, s.draining = process, false
	// A transcript says every try itself.
	once := semel.WithRetry(semel.RetryPolicy{MaxTries: 1})
	s.client, err = semel.New(process.Address, semel.WithNamespace(s.namespace), semel.WithTransport(s.transport), once)
	if err != nil {
		return err
	}
	s.admin, err = semel.NewAdmin(process.Address, once)
	return err
}

// stop is a stop by the service manager; the second signal cuts the drain delay short.
func (s *service) stop(ctx context.Context) error {
	if err := s.drain(ctx); err != nil {
		return err
	}
	if err := s.process.Terminate(); err != nil {
		return err
	}
	err := s.process.AwaitExit(ctx)
	return errors.Join(err, s.gone())
}

func (s *service) kill() error {
	return errors.Join(s.process.Kill(), s.gone())
}

func (s *service) gone() error {
	s.process = nil
	return errors.Join(s.client.Close(), s.admin.Close())
}

func (s *service) drain(ctx context.Context) error {
	if s.draining {
		return nil
	}
	s.draining = true
	if err := s.process.Terminate(); err != nil {
		return err
	}
	// Its readiness says so once the signal has arrived.
	return eventually(ctx, func() (bool, error) {
		ready, err := s.process.IsReady(ctx)
		return !ready, err
	})
}

func (s *service) elapse(ctx context.Context, by Micros) error {
	s.wallClock += by
	if !s.running() {
		return nil
	}
	return s.process.Post(ctx, fmt.Sprintf("/testing/elapse?by=%d", int64(by)))
}

func (s *service) stepWallClock(ctx context.Context, by Micros) error {
	s.wallClock += by
	if !s.running() {
		return nil
	}
	return s.process.Post(ctx, fmt.Sprintf("/testing/step-wall-clock?by=%d", int64(by)))
}

func (s *service) waiters(ctx context.Context) (int, error) {
	value, err := s.process.Metric(ctx, "semel_waiters")
	return int(value), err
}

func (s *service) end() error {
	if !s.running() {
		return nil
	}
	return s.kill()
}
