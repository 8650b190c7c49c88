// Package samples_test runs the samples as processes, against a real server.
package samples_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
)

var binaries string // directory of the built samples

func TestMain(m *testing.M) { os.Exit(runWithSamples(m)) }

func runWithSamples(m *testing.M) int {
	directory, err := os.MkdirTemp("", "semel-samples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	binaries = directory
	build := exec.Command("go", "build", "-o", directory, "./...")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// world is a server, and a ledger for the effects of samples.
type world struct {
	t      *testing.T
	server *semeldtest.Process
	ledger string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t, semeldtest.Start(t, semeldtest.Options{}), filepath.Join(t.TempDir(), "ledger.txt")}
}

func (w *world) command(ctx context.Context, sample string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(binaries, sample), append([]string{"-ledger", w.ledger}, arguments...)...)
	command.Env = append(os.Environ(), "SEMEL_ADDRESS="+w.server.Address, "SEMEL_NAMESPACE=shop")
	command.Stderr = os.Stderr
	return command
}

// run answers what a sample printed and its exit status, -1 where it was killed.
func (w *world) run(sample string, arguments ...string) (output string, status int) {
	w.t.Helper()
	printed, err := w.command(adaptertest.Within(w.t), sample, arguments...).Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return string(printed), exit.ExitCode()
	case err != nil:
		w.t.Fatal(err)
	}
	return string(printed), 0
}

func (w *world) wantRun(want string, wantStatus int, sample string, arguments ...string) {
	w.t.Helper()
	if output, status := w.run(sample, arguments...); output != want || status != wantStatus {
		w.t.Errorf("%s %v: got %q, exit status %d; not %q, %d", sample, arguments, output, status, want, wantStatus)
	}
}

func (w *world) effects() []string {
	w.t.Helper()
	text, err := os.ReadFile(w.ledger)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// started is a sample that runs.
type started struct {
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
}

func (w *world) start(sample string, arguments ...string) *started {
	w.t.Helper()
	command := w.command(adaptertest.Within(w.t), sample, arguments...)
	output, err := command.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	return &started{w.t, command, bufio.NewScanner(output)}
}

// awaitLine returns the first line with that prefix.
func (s *started) awaitLine(prefix string) string {
	s.t.Helper()
	for s.lines.Scan() {
		if strings.HasPrefix(s.lines.Text(), prefix) {
			return s.lines.Text()
		}
	}
	s.t.Fatalf("%v printed no line with %q", s.command.Args, prefix)
	return ""
}

// kill is kill -9.
func (s *started) kill() {
	s.t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exit) {
		s.t.Fatalf("it was not killed: %v", err)
	}
}

// awaitEnd reads what is left, and wants it to end well.
func (s *started) awaitEnd() (lines []string) {
	s.t.Helper()
	for s.lines.Scan() {
		lines = append(lines, s.lines.Text())
	}
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("%v: %v", s.command.Args, err)
	}
	return lines
}

func TestFirstCall(t *testing.T) {
	w := newWorld(t)
	w.wantRun("order 17: charged 1250 cents\n", 0, "firstcall", "17")
	w.wantRun("order 17: charged 1250 cents (before)\n", 0, "firstcall", "17")
	w.wantRun("order 18: charged 1250 cents\n", 0, "firstcall", "18")
	if effects := w.effects(); len(effects) != 2 {
		t.Errorf("got %q", effects)
	}
}

func TestHTTPAPI(t *testing.T) {
	w := newWorld(t)
	api := w.start("httpapi", "-listen", "127.0.0.1:0")
	url := strings.TrimPrefix(api.awaitLine("listening on "), "listening on ") + "/orders"
	post := func(user, key, body string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(adaptertest.Within(t), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(user, "")
		request.Header.Set("Content-Type", "application/json")
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Status = string(text)
		return response
	}
	const book = `{"item": "book"}`
	first, again, other := post("ada", `"k"`, book), post("ada", `"k"`, book), post("bob", `"k"`, book)
	if first.StatusCode != 201 || again.StatusCode != 201 || again.Status != first.Status ||
		again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if other.StatusCode != 201 || other.Status == first.Status {
		t.Errorf("got %+v", other)
	}
	for _, each := range []struct {
		user, key, body string
		status          int
	}{
		{"ada", "", book, 400}, {"ada", `"k"`, `{"item": "pen"}`, 422}, {"", `"k"`, book, 401}, {"ada", `"l"`, `{}`, 422}, {"ada", `"l"`, `{}`, 422},
	} {
		if got := post(each.user, each.key, each.body); got.StatusCode != each.status {
			t.Errorf("%+v: got %d %s", each, got.StatusCode, got.Status)
		}
	}
	if effects := w.effects(); len(effects) != 2 {
		t.Errorf("got %q", effects)
	}
	if err := api.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	api.awaitEnd()
}

func TestQueueWorker(t *testing.T) {
	const orders, workers = 30, 3
	w := newWorld(t)
	queue := t.TempDir()
	var want []string
	for i := range orders {
		want = append(want, fmt.Sprintf("charge %d", i))
		for delivery := range 2 {
			message := fmt.Sprintf(`{"order": "%d", "cents": 100}`, i)
			if err := os.WriteFile(filepath.Join(queue, fmt.Sprintf("%d-%d.json", i, delivery)), []byte(message), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(queue, "bad.json"), []byte(`{"order": "bad", "cents": 0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-queue", queue, "-work", "100ms"}
	// One is killed while it charges; others take over what it was at.
	doomed := w.start("queueworker", arguments...)
	doomed.awaitLine("charging ")
	var others []*started
	for range workers {
		others = append(others, w.start("queueworker", arguments...))
	}
	doomed.awaitLine("charging ")
	doomed.kill()
	for _, each := range others {
		each.awaitEnd()
	}
	got := w.effects()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if left, err := filepath.Glob(filepath.Join(queue, "*.json")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(queue, "rejected", "bad.json")); err != nil {
		t.Error(err)
	}
}

func TestTakeover(t *testing.T) {
	w := newWorld(t)
	first := w.start("takeover", "-hang-after", "3", "7")
	first.awaitLine("hanging")
	// The second waits while the first is alive, and takes over when it is dead.
	second := w.start("takeover", "7")
	adaptertest.AwaitWaiters(t, w.server, 1)
	first.kill()
	want := []string{"taking over after parcel 3", "packed parcel 4", "packed parcel 5", "job 7: 5 parcels packed, at last by attempt 2"}
	if got := second.awaitEnd(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	w.wantRun("job 7: 5 parcels packed, at last by attempt 2 (before)\n", 0, "takeover", "7")
	if effects := w.effects(); len(effects) != 5 || effects[4] != "job 7 parcel 5" {
		t.Errorf("got %q", effects)
	}
}

func TestInDoubt(t *testing.T) {
	const doubt = "refund %s: in doubt, nobody knows whether the money moved: settle it\n"
	w := newWorld(t)
	w.wantRun("refund 6: refunded (told by the bank)\n", 0, "indoubt", "refund", "6")

	w.wantRun("", -1, "indoubt", "-crash", "after", "refund", "7")
	w.wantRun(fmt.Sprintf(doubt, "7"), 3, "indoubt", "refund", "7")
	w.wantRun("refund 7: the bank has it; it is done\n", 0, "indoubt", "settle", "7")
	w.wantRun("refund 7: refunded before (found at the bank)\n", 0, "indoubt", "refund", "7")

	w.wantRun("", -1, "indoubt", "-crash", "before", "refund", "8")
	w.wantRun(fmt.Sprintf(doubt, "8"), 3, "indoubt", "refund", "8")
	w.wantRun("refund 8: the bank has nothing of it; it may be tried again\n", 0, "indoubt", "settle", "8")
	w.wantRun("refund 8: refunded (told by the bank)\n", 0, "indoubt", "refund", "8")

	if effects := w.effects(); !slices.Equal(effects, []string{"refund 6", "refund 7", "refund 8"}) {
		t.Errorf("got %q", effects)
	}
}
