package semel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

func onEveryTransport(t *testing.T, test func(t *testing.T, transport semel.Transport)) {
	for _, transport := range []semel.Transport{semel.TransportUnary, semel.TransportStream} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			test(t, transport)
		})
	}
}

// behindProxy is a client whose connection is open, so that the next message of the server is an answer.
func behindProxy(t *testing.T, transport semel.Transport, options ...semel.Option) (*semel.Client, *semeldtest.Proxy) {
	t.Helper()
	server := semeldtest.Start(t, semeldtest.Options{})
	proxy := semeldtest.StartProxy(t, server.Address)
	client := newClient(t, proxy.Address, append(options, semel.WithTransport(transport))...)
	if _, err := client.Lookup(within(t), "warm-up"); err != nil {
		t.Fatal(err)
	}
	return client, proxy
}

func TestALostBeginIsTheSameAttempt(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		client, proxy := behindProxy(t, transport)
		proxy.LoseAnswers(1)
		answer, err := client.Begin(within(t), "order/1")
		if err != nil {
			t.Fatal(err)
		}
		<-proxy.Lost()
		if acquired, ok := answer.(*semel.Acquired); !ok || acquired.Attempt != 1 || acquired.Previous != semel.PreviousNone {
			t.Errorf("got %+v", answer)
		}
	})
}

func TestALostCompleteIsAppliedOnce(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		client, proxy := behindProxy(t, transport)
		answer, err := client.Begin(within(t), "order/1")
		if err != nil {
			t.Fatal(err)
		}
		proxy.LoseAnswers(2)
		completed, err := client.Complete(within(t), "order/1", answer.(*semel.Acquired).Token, semel.Result{Payload: []byte("ok")})
		if err != nil || !completed.AlreadyApplied {
			t.Errorf("got %+v, %v", completed, err)
		}
		<-proxy.Lost()
		<-proxy.Lost()
	})
}

func TestRunSurvivesLostAnswers(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		client, proxy := behindProxy(t, transport)
		calls := 0
		proxy.LoseAnswers(1)
		outcome, err := semel.Run(within(t), client, "order/1", func(context.Context, *semel.Attempt) (string, error) {
			calls++
			proxy.LoseAnswers(1)
			return "charged", nil
		})
		if err != nil || outcome.Value != "charged" || calls != 1 || outcome.Attempt != 1 {
			t.Errorf("got %+v, %v, after %d calls", outcome, err, calls)
		}
		<-proxy.Lost()
		<-proxy.Lost()
	})
}

func TestTheErrorTellsWhatIsNotKnown(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		client, proxy := behindProxy(t, transport, semel.WithRetry(semel.RetryPolicy{MaxTries: 1}))
		proxy.LoseAnswers(1)
		_, err := client.Begin(within(t), "order/1")
		var lost *semel.Error
		if !errors.As(err, &lost) || !lost.OutcomeUnknown || lost.FnRan || lost.Code != codes.Unavailable || lost.Tries != 1 {
			t.Errorf("got %+v", err)
		}
	})
}

func TestAReportThatIsLostForGoodIsNotRecorded(t *testing.T) {
	client, proxy := behindProxy(t, semel.TransportUnary, semel.WithRetry(semel.RetryPolicy{MaxTries: 1}))
	_, err := semel.Run(within(t), client, "order/1", func(context.Context, *semel.Attempt) (string, error) {
		proxy.LoseAnswers(1)
		return "charged", nil
	})
	var unrecorded *semel.NotRecordedError
	var lost *semel.Error
	if !errors.As(err, &unrecorded) || unrecorded.Attempt != 1 || !errors.As(err, &lost) || !lost.FnRan || !lost.OutcomeUnknown {
		t.Errorf("got %+v", err)
	}
	// It arrived after all.
	outcome, err := semel.Run(within(t), client, "order/1", mustNotRun(t))
	if err != nil || outcome.Value != "charged" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}

func TestNothingWasChangedWhereNobodyIsThere(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, transport semel.Transport) {
		server := semeldtest.Start(t, semeldtest.Options{})
		proxy := semeldtest.StartProxy(t, server.Address)
		proxy.Refuse(true)
		client := newClient(t, proxy.Address, semel.WithTransport(transport), semel.WithCallTimeout(300*time.Millisecond))
		_, err := client.Begin(within(t), "order/1")
		var gone *semel.Error
		if !errors.As(err, &gone) || gone.OutcomeUnknown || gone.Tries < 2 {
			t.Errorf("got %+v", err)
		}
	})
}
