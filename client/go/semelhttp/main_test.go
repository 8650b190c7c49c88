package semelhttp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

func TestMain(m *testing.M) { adaptertest.Main(m) }

// shop is an HTTP server whose handlers have keys, and the real service behind it.
type shop struct {
	semeld *semeldtest.Process
	client *semel.Client
	once   *semelhttp.Middleware
	log    *adaptertest.Log
	mux    *http.ServeMux
	url    string
}

func newShop(t *testing.T, options ...semelhttp.Option) *shop {
	t.Helper()
	return newShopAt(t, semeldtest.Start(t, semeldtest.Options{}), nil, options...)
}

func newShopAt(t *testing.T, semeld *semeldtest.Process, clientOptions []semel.Option, options ...semelhttp.Option) *shop {
	t.Helper()
	s := &shop{semeld: semeld, log: &adaptertest.Log{}, mux: http.NewServeMux()}
	s.client = adaptertest.NewClient(t, semeld.Address, append([]semel.Option{semel.WithLogger(s.log.Logger())}, clientOptions...)...)
	once, err := semelhttp.New(s.client, append([]semelhttp.Option{semelhttp.WithLogger(s.log.Logger())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	s.once = once
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// orders serves POST /orders by the handler, with keys.
func (s *shop) orders(handler http.HandlerFunc, options ...semelhttp.Option) {
	s.mux.Handle("POST /orders", s.once.Wrap(handler, options...))
}

// placing answers 201 with the number of the effect.
func placing(effects *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number := effects.Add(1)
		w.Header().Set("Location", fmt.Sprintf("/orders/%d", number))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "order %d\n", number)
	}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) isReplayed() bool { return a.header.Get("Idempotency-Replayed") == "true" }

// post sends a request with that key; without one where the key is empty.
func (s *shop) post(t *testing.T, key, body string) answer {
	t.Helper()
	return s.send(t, http.MethodPost, "/orders", key, body)
}

func (s *shop) send(t *testing.T, method, path, key, body string) answer {
	t.Helper()
	request := s.request(t, method, path, key, body)
	got, err := do(request)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *shop) request(t *testing.T, method, path, key, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(adaptertest.Within(t), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	return request
}

// browser follows no redirections.
var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func do(request *http.Request) (answer, error) {
	request.Close = true // leaves no idle connection, and no goroutine, behind
	response, err := browser.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

// wantProblem checks an error response of this package, and answers its members.
func wantProblem(t *testing.T, got answer, status int, name string) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(got.body), &members); err != nil {
		t.Fatalf("%d %q: %v", got.status, got.body, err)
	}
	if got.status != status || got.header.Get("Content-Type") != "application/problem+json" ||
		members["type"] != semelhttp.ProblemPrefix+name || members["status"] != float64(status) ||
		members["title"] == "" || members["detail"] == "" {
		t.Errorf("got %d %q %s, not the problem %s", got.status, got.header.Get("Content-Type"), got.body, name)
	}
	return members
}

func wantAnswer(t *testing.T, got answer, status int, body string, replayed bool) {
	t.Helper()
	if got.status != status || got.body != body || got.isReplayed() != replayed {
		t.Errorf("got %d %q, replayed: %v; not %d %q, replayed: %v", got.status, got.body, got.isReplayed(), status, body, replayed)
	}
}
