package scenario

import (
	"strings"
	"testing"
	"time"

	semel "semel.dev/go"
)

func outcomeOf(t *testing.T, text string) string {
	t.Helper()
	scenario, err := Parse("t.txt", text)
	if err == nil {
		err = Run(t.Context(), scenario, t.TempDir(), semel.TransportUnary)
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

const begun = "a: begin k lease=30s\n  -> acquired token=T1\n"

// The runner itself: that it notices what departs from a transcript, and says where, what was expected, and what came.
func TestRunnerNotices(t *testing.T) {
	for name, each := range map[string]struct{ text, want string }{
		"what goes as it is written": {begun, "ok"},
		"another field": {begun + "elapse 10s\nb: begin k\n  -> in_progress owner=a remaining=21s\n",
			"t.txt:5: remaining differs\n  expected in_progress owner=a remaining=21s\n  got      in_progress owner=a attempt=1 remaining=20s"},
		"another answer":       {begun + "b: begin k\n  -> acquired\n", "t.txt:4: another answer"},
		"another error":        {begun + "b: begin k\n  -> error TOKEN_STALE\n", "another answer"},
		"another code":         {begun + "a: renew k token=1\n  -> error TOKEN_STALE code=NOT_FOUND\n", "code differs"},
		"another token":        {begun + "b: begin j\n  -> acquired token=T1\n", "token differs"},
		"a token not above":    {begun + "b: begin j\n  -> acquired token=T2>T2\n", "token differs"},
		"text and none":        {begun + "b: lookup k\n  -> record checkpoint=\"none\"\n", "checkpoint differs"},
		"another instant":      {begun + "b: lookup k\n  -> record created=B1 forgotten=B1+1s\n", "forgotten differs"},
		"an item":              {"a: batch begin\n  - k\n    -> acquired\n  - k\n    -> acquired\n", "t.txt:5: another answer"},
		"other keys":           {begun + "o: list\n  -> listed keys=j\n", "keys differs"},
		"no next page":         {begun + "o: list\n  -> listed next=P1\n", "next differs"},
		"who does not wait":    {"a: begin k wait=1m &\n", "t.txt:1: it did not wait: got acquired"},
		"who was never named":  {begun + "b: begin k wait=1m &\n", "t.txt:3: no line says what this call was answered"},
		"who waits":            {begun + "b: begin k wait=1m &\nwaiting 1\ncancel b\nwaiting 0\n", "ok"},
		"who is not there":     {begun + "cancel c\n", "c does not wait"},
		"a field that is none": {"a: begin k laese=1s\n  -> acquired\n", "t.txt:1: the call has no field laese"},
		"a value that is none": {"a: begin k lease=1\n  -> acquired\n", "not a value of lease: 1"},
		"a token that is none": {"a: renew k token=T1\n  -> renewed\n", "not a value of token: T1"},
		"an unknown fact":      {"a: begin k\n  -> acquired atempt=1\n", "'acquired' has nothing called atempt"},
		"no answer":            {"a: begin k\n", "no answer is expected"},
		"an unknown setting":   {"namespace shop: lease=1s\n", "there is no setting lease"},
		"a server that is not": {"stop server\na: begin k\n  -> acquired\n", "the server does not run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(t, each.text)
			if !strings.Contains(got, each.want) {
				t.Errorf("got  %s\nwant %s", got, each.want)
			}
		})
	}
}

func TestParserRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: bgin k\n  -> acquired\n": "t.txt:1: expected begin, complete",
		"\n\nelapse 1\n":             "t.txt:3: expected a duration",
		"a: begin \"k\n":             "a quote is not closed",
		"  -> acquired\n":            "a call above its answer",
		"a: begin k\n  -> lost\nserver: max_waiters=1\n": "settings before the first step",
		"a: begin k\n  -> acquired attempt\n":            "name=value instead of 'attempt'",
		"a: begin k\n  -> acquired\n  -> acquired\n":     "one answer for a call",
		"what is this\n":          "expected a step",
		"a: lookup k\n  - item\n": "a batch above",
	} {
		if _, err := Parse("t.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestMicros(t *testing.T) {
	for _, text := range []string{"0s", "1us", "30s", "1h30m", "7d", "29s999ms999us", "-1s"} {
		micros, err := parseMicros(text)
		if err != nil || micros.String() != text {
			t.Errorf("%s: got %v, %v", text, micros, err)
		}
	}
	if micros, err := parseMicros("+90m"); err != nil || micros.duration() != 90*time.Minute {
		t.Errorf("+90m: got %v, %v", micros, err)
	}
	for _, text := range []string{"", "s", "1", "1 s", "1x", "1s2", "-"} {
		if micros, err := parseMicros(text); err == nil {
			t.Errorf("%q: got %v", text, micros)
		}
	}
}
