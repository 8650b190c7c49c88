package semelhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"semel.dev/go/semelhttp"
)

func TestAnEventStreamIsRefusedAndDone(t *testing.T) {
	s := newShop(t)
	var runs atomic.Int32
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		runs.Add(1)
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for {
			if _, err := fmt.Fprint(w, "data: 1\n\n"); err != nil {
				if !errors.Is(err, semelhttp.ErrStreaming) {
					t.Error(err)
				}
				return
			}
		}
	})
	wantProblem(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "streaming")
	if !strings.Contains(s.log.Text(), "streams its response") {
		t.Errorf("logged %s", s.log.Text())
	}
	// The effect has happened, as the handler's status says.
	again := s.post(t, "k", "{}")
	wantAnswer(t, again, http.StatusOK, "", true)
	if again.header.Get("Idempotency-Body-Omitted") != "true" || runs.Load() != 1 {
		t.Errorf("got %v after %d runs", again.header, runs.Load())
	}
}

func TestAnEventStreamOfAnErrorRunsAgain(t *testing.T) {
	s := newShop(t)
	var runs atomic.Int32
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		if runs.Add(1) == 1 {
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	wantProblem(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "streaming")
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "", false)
}

func TestFlushAndHijackAreRefusedAndWhatWasWrittenGoesOut(t *testing.T) {
	s := newShop(t)
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := w.(http.Flusher); ok {
			t.Error("there is an http.Flusher")
		}
		control := http.NewResponseController(w)
		fmt.Fprint(w, "one ")
		if err := control.Flush(); !errors.Is(err, semelhttp.ErrStreaming) || !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Flush: %v", err)
		}
		if _, _, err := control.Hijack(); !errors.Is(err, semelhttp.ErrStreaming) {
			t.Errorf("Hijack: %v", err)
		}
		if err := control.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("SetWriteDeadline: %v", err)
		}
		fmt.Fprint(w, "two")
	})
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "one two", false)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "one two", true)
}

func TestABodyWhereNoneMayBeIsRefusedAsByTheServer(t *testing.T) {
	s := newShop(t)
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints) // not sent
		w.WriteHeader(http.StatusNoContent)
		w.WriteHeader(http.StatusOK) // the first counts
		if _, err := fmt.Fprint(w, "a"); !errors.Is(err, http.ErrBodyNotAllowed) {
			t.Errorf("got %v", err)
		}
	})
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusNoContent, "", false)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusNoContent, "", true)
}

// It flushes what came in pieces, and goes on where it may not.
func TestAReverseProxyIsWrapped(t *testing.T) {
	var runs atomic.Int32
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs.Add(1)
		for range 3 {
			fmt.Fprint(w, "piece ")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(t)
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	proxy.Transport = transport
	s.orders(proxy.ServeHTTP)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "piece piece piece ", false)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "piece piece piece ", true)
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}
