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

// run answers the lines that a sample printed and its exit status, -1 where it was killed.
func (w *world) run(sample string, arguments ...string) (printed []string, status int) {
	w.t.Helper()
	output, err := w.command(adaptertest.Within(w.t), sample, arguments...).Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return linesOf(output), exit.ExitCode()
	case err != nil:
		w.t.Fatal(err)
	}
	return linesOf(output), 0
}

func linesOf(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

func (w *world) effects() []string {
	w.t.Helper()
	text, err := os.ReadFile(w.ledger)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return linesOf(text)
}

// started is a sample that runs.
type started struct {
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
	printed []string // as far as it was read
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
	return &started{w.t, command, bufio.NewScanner(output), nil}
}

// awaitLine returns the first line with that prefix.
func (s *started) awaitLine(prefix string) string {
	s.t.Helper()
	for s.lines.Scan() {
		s.printed = append(s.printed, s.lines.Text())
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
func (s *started) awaitEnd() {
	s.t.Helper()
	for s.lines.Scan() {
		s.printed = append(s.printed, s.lines.Text())
	}
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("%v: %v", s.command.Args, err)
	}
}

func TestFirstCall(t *testing.T) { newWorld(t).follow(transcript(t, "firstcall")) }

func TestInDoubt(t *testing.T) { newWorld(t).follow(transcript(t, "indoubt")) }

func TestTakeover(t *testing.T) {
	w := newWorld(t)
	steps := transcript(t, "takeover")
	start := func(s step) *started {
		sample, arguments := s.arguments()
		return w.start(sample, arguments...)
	}
	first := start(steps[0])
	first.awaitLine("hanging")
	// The second waits while the first is alive, and takes over when it is dead.
	second := start(steps[1])
	adaptertest.AwaitWaiters(t, w.server, 1)
	first.kill()
	steps[0].check(t, first.printed, "[killed]")
	second.awaitEnd()
	steps[1].check(t, second.printed, "")
	w.follow(steps[2:])
}

func TestHTTPAPI(t *testing.T) {
	w := newWorld(t)
	api := w.start("httpapi", "-listen", "127.0.0.1:0")
	url := strings.TrimPrefix(api.awaitLine("listening on "), "listening on ") + "/orders"
	stored := map[string]string{} // responses by command
	for _, each := range transcript(t, "httpapi") {
		request, isPost := strings.CutPrefix(each.command, "POST ")
		if !isPost {
			w.follow([]step{each})
			continue
		}
		status, body, header := post(t, url, request)
		response := fmt.Sprint(status, " ", header.Get("Location"), " ", body)
		if header.Get("Idempotency-Replayed") == "true" {
			each.check(t, []string{fmt.Sprintf("%d replayed %s", status, body)}, "")
			if response != stored[each.command] {
				t.Errorf("$ %s: got %s, and first %s", each.command, response, stored[each.command])
			}
			continue
		}
		stored[each.command] = response
		each.check(t, []string{fmt.Sprintf("%d %s", status, body)}, "")
	}
	if err := api.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	api.awaitEnd()
}

// post sends what a transcript says: USER KEY BODY.
func post(t *testing.T, url, said string) (status int, body string, header http.Header) {
	t.Helper()
	parts := strings.SplitN(said, " ", 3)
	request, err := http.NewRequestWithContext(adaptertest.Within(t), http.MethodPost, url, strings.NewReader(parts[2]))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(strings.TrimPrefix(parts[0], "-"), "")
	if key := parts[1]; key != "-" {
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
	return response.StatusCode, strings.TrimSpace(string(text)), response.Header
}

// fill makes a queue of messages, by the names of their files.
func fill(t *testing.T, messages map[string]string) (queue string) {
	t.Helper()
	queue = t.TempDir()
	for name, message := range messages {
		if err := os.WriteFile(filepath.Join(queue, name), []byte(message), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return queue
}

const noAmount = `{"order": "bad", "cents": 0}`

func wantEmptyBut(t *testing.T, queue, rejected string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(queue, "*.json")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(queue, "rejected", rejected)); err != nil {
		t.Error(err)
	}
}

func TestQueueWorker(t *testing.T) {
	const order = `{"order": "17", "cents": 100}`
	queue := fill(t, map[string]string{"1.json": order, "2.json": order, "bad.json": noAmount})
	newWorld(t).follow(transcript(t, "queueworker"), "-queue", queue)
	wantEmptyBut(t, queue, "bad.json")
}

func TestQueueWorkersThatDie(t *testing.T) {
	const orders, workers = 30, 3
	w := newWorld(t)
	messages := map[string]string{"bad.json": noAmount}
	var want []string
	for i := range orders {
		want = append(want, fmt.Sprintf("charge %d", i))
		for delivery := range 2 {
			messages[fmt.Sprintf("%d-%d.json", i, delivery)] = fmt.Sprintf(`{"order": "%d", "cents": 100}`, i)
		}
	}
	queue := fill(t, messages)
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
	wantEmptyBut(t, queue, "bad.json")
}
