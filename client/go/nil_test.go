package semel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

func TestWhatIsNilIsSaid(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address)
	_, noClient := semel.Run(within(t), nil, "k", mustNotRun(t))
	_, noFunction := semel.Run[string](within(t), client, "k", nil)
	_, noneToDo := client.Do(within(t), "k", nil)
	for want, err := range map[string]error{"client: is nil: pass": noClient, "fn: is nil: pass": noFunction, "fn: is nil": noneToDo} {
		if !errors.Is(err, semel.ErrFieldInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, which does not say %q", err, want)
		}
	}
	if record, err := client.Lookup(within(t), "k"); record != nil || err != nil {
		t.Errorf("it was begun: %+v, %v", record, err)
	}
}

func TestNoPolicyAndNoCodecStandForTheDefaults(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithErrorPolicy(nil), semel.WithCodec(nil))
	_, err := semel.Run(within(t), client, "failing", failing(errors.New("no such account")))
	var failed *semel.EffectFailedError
	if !errors.As(err, &failed) || failed.Failure.Reason != "EFFECT_FAILED" {
		t.Errorf("got %v", err)
	}
	outcome, err := semel.Run(within(t), client, "k", func(context.Context, *semel.Attempt) (string, error) { return "paid", nil })
	if err != nil || string(outcome.Result.Payload) != "paid" {
		t.Errorf("got %+v, %v", outcome, err)
	}
}
