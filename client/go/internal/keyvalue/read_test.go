package keyvalue_test

import (
	"testing"

	"semel.dev/go/internal/keyvalue"
)

func TestKeysAreReadWithAndWithoutQuotes(t *testing.T) {
	for value, want := range map[string]string{
		`"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`8e03978e-40d5-43dd-bc93-6894a57f9324`:   "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`  "k"  `:                                "k",
		`"a b, c"`:                               "a b, c",
		`"say \"a\\b\""`:                         `say "a\b"`,
		`task-1:2/3;4`:                           "task-1:2/3;4",
		`'k'`:                                    "'k'",
		`"` + "~!" + `"`:                         "~!",
		"projects/p/q/tasks/t":                   "projects/p/q/tasks/t",
	} {
		if got, err := keyvalue.Read([]string{value}); err != nil || got != want {
			t.Errorf("%s: got %q, %v", value, got, err)
		}
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	for _, values := range [][]string{
		{""}, {"  "}, {`"`}, {`""`}, {`"a`}, {`"a" b`}, {`"a", "b"`}, {`"a";p`}, {`"\a"`}, {`"a\`}, {`"a\"`}, {"\"caf\u00e9\""}, {"\"a\tb\""},
		{"caf\u00e9"}, {"a b"}, {"a,b"}, {`a"b`}, {"a", "a"}, {`"a"`, `"b"`},
	} {
		if got, err := keyvalue.Read(values); err == nil {
			t.Errorf("%q: got %q", values, got)
		}
	}
}
