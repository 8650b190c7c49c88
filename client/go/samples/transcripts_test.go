package samples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is a command of a transcript, and what it prints. What the lines mean: client/scenarios/samples/README.md.
type step struct {
	command string
	printed []string
	exit    string // "[exit 3]", "[killed]"; empty: status 0
}

// transcript reads client/scenarios/samples/NAME.txt.
func transcript(t *testing.T, name string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../scenarios/samples", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch command, isCommand := strings.CutPrefix(line, "$ "); {
		case line == "" || strings.HasPrefix(line, "#"):
		case isCommand:
			steps = append(steps, step{command: command})
		case len(steps) == 0:
			t.Fatalf("%s: %q stands below no command", name, line)
		case line[0] == '[':
			steps[len(steps)-1].exit = line
		default:
			last := &steps[len(steps)-1]
			last.printed = append(last.printed, line)
		}
	}
	if len(steps) == 0 {
		t.Fatalf("%s has no command", name)
	}
	return steps
}

// check compares what was printed, and how it ended.
func (s step) check(t *testing.T, printed []string, exit string) {
	t.Helper()
	if !slices.EqualFunc(printed, s.printed, fits) || exit != s.exit {
		t.Errorf("$ %s\ngot  %q %s\nwant %q %s", s.command, printed, exit, s.printed, s.exit)
	}
}

// arguments are those of a sample, without its name.
func (s step) arguments() (sample string, arguments []string) {
	fields := strings.Fields(s.command)
	return fields[0], fields[1:]
}

// fits says whether a line is the one of a transcript, in which * is any text.
func fits(line, pattern string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^" + expression + "$").MatchString(line)
}

func exitOf(status int) string {
	switch status {
	case 0:
		return ""
	case -1:
		return "[killed]"
	default:
		return fmt.Sprintf("[exit %d]", status)
	}
}

// follow does one step after the other.
func (w *world) follow(steps []step, more ...string) {
	w.t.Helper()
	for _, each := range steps {
		if each.command == "cat ledger" {
			each.check(w.t, w.effects(), "")
			continue
		}
		sample, arguments := each.arguments()
		printed, status := w.run(sample, slices.Concat(more, arguments)...)
		each.check(w.t, printed, exitOf(status))
	}
}
