// Package semeldtest runs real semeld processes for tests.
package semeldtest

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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Variable names the environment variable with the path of a semeld binary, one that knows --test-clock.
const Variable = "SEMEL_TEST_SEMELD"

// Longer than any server takes to start: one that fails gets there.
const startingTime = 30 * time.Second

// Options of a process.
type Options struct {
	// Where its data, configuration and log are; kept when it ends.
	Directory string
	// YAML; may be empty.
	Config string
	// host:port for gRPC; empty: any free port.
	Listen string
	// Microseconds since the epoch, at which the server's time stands still; nil: time passes by itself.
	TestClock *int64
}

// Process is a server that serves.
type Process struct {
	// Where gRPC and the admin HTTP server are: host:port.
	Address string
	Admin   string

	command *exec.Cmd
	log     string
	exited  chan struct{}
	exit    error // once exited
}

// Launch starts a process and returns when it serves.
func Launch(ctx context.Context, options Options) (*Process, error) {
	binary := os.Getenv(Variable)
	if binary == "" {
		return nil, errors.New("set " + Variable + " to the path of a semeld binary: these tests run against the real server")
	}
	arguments, err := options.arguments()
	if err != nil {
		return nil, err
	}
	p := &Process{command: exec.Command(binary, arguments...), log: filepath.Join(options.Directory, "semeld.log"),
		exited: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.command.Stderr = log
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	first := make(chan string, 1)
	go p.watch(output, first)
	return p, p.awaitReady(ctx, first)
}

func (o Options) arguments() ([]string, error) {
	listen := o.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	arguments := []string{"--listen", listen, "--admin-listen", "127.0.0.1:0", "--data-dir", filepath.Join(o.Directory, "data")}
	if o.TestClock != nil {
		arguments = append(arguments, "--test-clock", strconv.FormatInt(*o.TestClock, 10))
	}
	if o.Config == "" {
		return arguments, nil
	}
	file := filepath.Join(o.Directory, "semeld.yaml")
	return append(arguments, "--config", file), os.WriteFile(file, []byte(o.Config), 0o600)
}

func (p *Process) watch(output io.Reader, first chan<- string) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		select {
		case first <- lines.Text():
		default: // nobody reads the others
		}
	}
	p.exit = p.command.Wait()
	close(p.exited)
}

func (p *Process) awaitReady(ctx context.Context, first <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, startingTime)
	defer cancel()
	select {
	case line := <-first:
		if _, err := fmt.Sscanf(line, "semeld ready grpc=%s admin=%s", &p.Address, &p.Admin); err != nil {
			return errors.Join(fmt.Errorf("semeld said %q", line), p.Kill())
		}
		return nil
	case <-p.exited:
		return fmt.Errorf("semeld ended (%v):\n%s", p.exit, p.Log())
	case <-ctx.Done():
		return errors.Join(errors.New("semeld does not serve:\n"+p.Log()), p.Kill())
	}
}

// Log is the end of what it wrote to stderr.
func (p *Process) Log() string {
	const most = 16 << 10
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-most):])
}

// Kill ends it without a goodbye, and waits for that. Does nothing where it has ended.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	return nil
}

// Terminate sends SIGTERM.
func (p *Process) Terminate() error { return p.command.Process.Signal(syscall.SIGTERM) }

// Suspend stops the process as it is, and returns when all its threads stand still.
func (p *Process) Suspend() error {
	if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.command.Process.Pid, &status, syscall.WUNTRACED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err == nil && !status.Stopped():
			return errors.New("semeld ended where it should have been suspended:\n" + p.Log())
		}
		return err
	}
}

// Resume undoes Suspend.
func (p *Process) Resume() error { return p.command.Process.Signal(syscall.SIGCONT) }

// AwaitExit waits until it has ended, and answers an error unless it ended well.
func (p *Process) AwaitExit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startingTime)
	defer cancel()
	select {
	case <-p.exited:
		if p.exit != nil {
			return fmt.Errorf("semeld ended (%w):\n%s", p.exit, p.Log())
		}
		return nil
	case <-ctx.Done():
		return errors.New("semeld does not end:\n" + p.Log())
	}
}

func (p *Process) request(ctx context.Context, method, path string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.Admin+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	request.Close = true // leaves no idle connection, and no goroutine, behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// Post asks the admin server to do something.
func (p *Process) Post(ctx context.Context, path string) error {
	code, body, err := p.request(ctx, http.MethodPost, path)
	if err == nil && code/100 != 2 {
		err = fmt.Errorf("POST %s: %d %s", path, code, body)
	}
	return err
}

// IsReady is what /readyz says.
func (p *Process) IsReady(ctx context.Context) (bool, error) {
	code, _, err := p.request(ctx, http.MethodGet, "/readyz")
	return code == http.StatusOK, err
}

// Metric is the value of a metric without labels.
func (p *Process) Metric(ctx context.Context, name string) (float64, error) {
	_, body, err := p.request(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(body, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// Elapse lets time pass on a server with Options.TestClock; returns when everything that fell due was decided.
func (p *Process) Elapse(ctx context.Context, by time.Duration) error {
	return p.Post(ctx, fmt.Sprintf("/testing/elapse?by=%d", by.Microseconds()))
}
