package semel_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// A failure that was not recorded would run again once its lease has lapsed.
func TestAFailureWithAWrongReasonIsRecordedAllTheSame(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	logged := &logLines{}
	client := newClient(t, server.Address, semel.WithLogger(logged.logger()))
	for _, each := range []struct{ reason, want string }{
		{"card declined", "CARD_DECLINED"},
		{" card-declined! (51)", "CARD_DECLINED_51"},
		{strings.Repeat("TOO_LONG_", 20), strings.Repeat("TOO_LONG_", 20)[:64]},
		{strings.Repeat("x", 200_000), strings.Repeat("X", 64)},
		{"404 not found", "EFFECT_FAILED_404_NOT_FOUND"},
		{"no \xff text", "NO_TEXT"},
		{"нет", "EFFECT_FAILED"},
		{"", "EFFECT_FAILED"},
	} {
		for kind, err := range map[string]error{
			"final":     semel.Final(each.reason, "no money"),
			"retryable": semel.Retryable(each.reason, "no money", time.Hour),
		} {
			key := fmt.Sprintf("%s %+.20q %d", kind, each.reason, len(each.reason))
			_, got := semel.Run(within(t), client, key, failing(err))
			var failed *semel.EffectFailedError
			if !errors.As(got, &failed) || !errors.Is(got, err) || failed.Failure.Reason != each.want ||
				!slices.Equal(failed.LeftOut, []string{"failure.reason"}) || !strings.Contains(failed.Refused, "as "+each.want) {
				t.Errorf("%s: got %.300v", key, got)
			}
			want := semel.Failure{Reason: each.want, Message: "no money", Retryable: kind == "retryable"}
			if want.Retryable {
				want.RetryAfter = time.Hour
			}
			_, got = semel.Run(within(t), client, key, mustNotRun(t))
			if !errors.As(got, &failed) || !failed.Replayed || fmt.Sprint(failed.Failure) != fmt.Sprint(want) {
				t.Errorf("%s, replayed: got %.300v", key, got)
			}
			lines := logged.all()
			if last := lines[len(lines)-1]; !strings.Contains(last, "level=WARN") || !strings.Contains(last, "as "+each.want) {
				t.Errorf("%s: logged %.300s", key, last)
			}
		}
	}
}

func TestLeasesThatEndTogetherHaveTheirReasonsMended(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithLogger((&logLines{}).logger()))
	var endings []semel.LeaseEnding
	for _, key := range []string{"a", "b"} {
		answer, err := client.Acquire(within(t), key)
		if err != nil {
			t.Fatal(err)
		}
		endings = append(endings, semel.LeaseEnding{Lease: answer.(*semel.Lease), Ending: semel.Failure{Reason: "out of paper"}})
	}
	for i, item := range client.EndLeases(within(t), endings) {
		if item.Err != nil || !slices.Equal(item.Answer.LeftOut, []string{"failure.reason"}) {
			t.Errorf("got %+v, %v", item.Answer, item.Err)
		}
		stored := mustLookup(t, client, endings[i].Lease.Key()).Ending
		if failure, ok := stored.(semel.Failure); !ok || failure.Reason != "OUT_OF_PAPER" {
			t.Errorf("stored: %+v", stored)
		}
	}
}
