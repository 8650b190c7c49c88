package semel_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	semel "semel.dev/go"
)

// chargeBy posts to a bank, as functions of Run do.
func chargeBy(ctx context.Context, bank *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("amount=1250"))
	if err != nil {
		return err
	}
	response, err := bank.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err
}

// breaking are handlers that did what was asked, and whose answers do not arrive.
func breaking(server *httptest.Server) map[string]http.HandlerFunc {
	breakAll := func(r *http.Request) { server.CloseClientConnections(); <-r.Context().Done() }
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "charged")
		w.(http.Flusher).Flush()
	}
	return map[string]http.HandlerFunc{
		"before the answer":                 func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half way":                          func(w http.ResponseWriter, _ *http.Request) { half(w); panic(http.ErrAbortHandler) },
		"the connection, before the answer": func(_ http.ResponseWriter, r *http.Request) { breakAll(r) },
		"the connection, half way":          func(w http.ResponseWriter, r *http.Request) { half(w); breakAll(r) },
		"shorter than said":                 func(w http.ResponseWriter, _ *http.Request) { half(w) },
	}
}

func TestHTTPExchangesThatBreakLeaveOpenWhatHappened(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		var answer http.HandlerFunc
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Proto != protocol {
				t.Errorf("it is %s", r.Proto)
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			answer(w, r)
		}))
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.StartTLS()
		for name, handler := range breaking(server) {
			answer = handler
			err := chargeBy(within(t), server.Client(), server.URL)
			if err == nil {
				t.Errorf("%s, %s: no error", protocol, name)
				continue
			}
			if verdict := semel.DefaultErrorPolicy(err, nil); verdict != (semel.Unknown{}) {
				t.Errorf("%s, %s: %v (%T) is %+v", protocol, name, err, err, verdict)
			}
		}
		server.Client().CloseIdleConnections()
		server.Close()
	}
}

// The bank's clerk sends us to another address, where nobody is: that he did something first cannot be seen in the error, so an effect
// follows no redirections.
func TestAConnectionThatCannotBeOpenedIsAFailure(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.RedirectHandler(nobody, http.StatusTemporaryRedirect))
	defer server.Close()
	bank := server.Client()
	for _, url := range []string{nobody, server.URL} {
		verdict := semel.DefaultErrorPolicy(chargeBy(within(t), bank, url), nil)
		if _, ok := verdict.(semel.Failure); !ok {
			t.Errorf("%s: got %+v", url, verdict)
		}
	}
	bank.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if err := chargeBy(within(t), bank, server.URL); err != nil {
		t.Error(err)
	}
}
