package semelhttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

func mustNotRun(t *testing.T) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }
}

func TestAMissingKeyIsRefusedWhereItIsRequired(t *testing.T) {
	s := newShop(t)
	s.orders(mustNotRun(t), semelhttp.Required())
	if members := wantProblem(t, s.post(t, "", "{}"), http.StatusBadRequest, "key-missing"); members["header"] != "Idempotency-Key" {
		t.Errorf("got %v", members)
	}
}

func TestAMissingKeyIsPassedOnWhereItIsOptional(t *testing.T) {
	s := newShop(t)
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantAnswer(t, s.post(t, "", "{}"), http.StatusCreated, "order 1\n", false)
	wantAnswer(t, s.post(t, "", "{}"), http.StatusCreated, "order 2\n", false)
}

func TestMalformedKeysAreRefused(t *testing.T) {
	s := newShop(t)
	s.orders(mustNotRun(t))
	for _, key := range []string{`"8e03978e`, `""`, `"a" "b"`, `"a";b=c`, `a"b`, `a, b`, `"a\b"`, "caf\u00e9"} {
		wantProblem(t, s.post(t, key, "{}"), http.StatusBadRequest, "key-malformed")
	}
	for _, values := range [][]string{{""}, {"a", "a"}} {
		request := s.request(t, http.MethodPost, "/orders", "", "{}")
		request.Header["Idempotency-Key"] = values
		got, err := do(request)
		if err != nil {
			t.Fatal(err)
		}
		wantProblem(t, got, http.StatusBadRequest, "key-malformed")
	}
}

func TestAnotherRequestWithTheKeyIsAMismatch(t *testing.T) {
	s := newShop(t, semelhttp.WithLeaveOut("/sent_at"))
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantAnswer(t, s.post(t, "k", `{"item": 7, "sent_at": 1}`), http.StatusCreated, "order 1\n", false)
	// The same content, written in another way.
	wantAnswer(t, s.post(t, "k", `{"sent_at":2,"item":7.0}`), http.StatusCreated, "order 1\n", true)
	wantProblem(t, s.post(t, "k", `{"item": 8}`), http.StatusUnprocessableEntity, "fingerprint-mismatch")
	wantProblem(t, s.send(t, http.MethodPost, "/orders?dry=1", "k", `{"item": 7}`), http.StatusUnprocessableEntity, "fingerprint-mismatch")
	wantProblem(t, s.post(t, "k", `no JSON`), http.StatusUnprocessableEntity, "fingerprint-mismatch")
	if effects.Load() != 1 {
		t.Errorf("%d effects", effects.Load())
	}
}

func TestABodyWithoutACanonicalFormCountsByItsBytes(t *testing.T) {
	s := newShop(t)
	var effects atomic.Int32
	s.orders(placing(&effects))
	const beyond = `{"item": 9007199254740993}`
	wantAnswer(t, s.post(t, "k", beyond), http.StatusCreated, "order 1\n", false)
	wantAnswer(t, s.post(t, "k", beyond), http.StatusCreated, "order 1\n", true)
	wantProblem(t, s.post(t, "k", `{"item": 9007199254740992}`), http.StatusUnprocessableEntity, "fingerprint-mismatch")
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	s := newShop(t, semelhttp.WithMaxBody(10))
	s.orders(mustNotRun(t))
	members := wantProblem(t, s.post(t, "k", strings.Repeat("x", 11)), http.StatusRequestEntityTooLarge, "body-too-large")
	if members["limit"] != 10.0 {
		t.Errorf("got %v", members)
	}
}

func TestABodyThatIsCutShortBeginsNothing(t *testing.T) {
	s := newShop(t)
	var effects atomic.Int32
	s.orders(placing(&effects))
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, err = io.WriteString(connection, "POST /orders HTTP/1.1\r\nHost: shop\r\nIdempotency-Key: k\r\nContent-Length: 10\r\n\r\nhalf")
	if err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "body-incomplete") {
		t.Errorf("got %d %s, %v", response.StatusCode, text, err)
	}
	// The key is not bound to what came.
	wantAnswer(t, s.post(t, "k", "whole"), http.StatusCreated, "order 1\n", false)
}

func TestADoubtIsSettledByNobodyButAPerson(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	var runs atomic.Int32
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		runs.Add(1)
		attempt, ok := semel.AttemptFrom(r.Context())
		if !ok {
			t.Error("there is no attempt")
			return
		}
		if err := attempt.SaveBeforeEffects(r.Context(), []byte("sent")); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusServiceUnavailable) // of another attempt it would say that nothing happened
	})
	got := s.post(t, "k", "{}")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Idempotency-Recorded") != "false" {
		t.Errorf("got %+v", got)
	}
	elapse(10 * time.Second)
	got = s.post(t, "k", "{}")
	if members := wantProblem(t, got, http.StatusConflict, "in-doubt"); members["since"] == nil || got.header.Get("Retry-After") != "" {
		t.Errorf("got %v %v", got.header, members)
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}

func TestAnExpiredResponseIsGone(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithRetention(time.Minute)))
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusCreated, "order 1\n", false)
	elapse(time.Minute)
	if members := wantProblem(t, s.post(t, "k", "{}"), http.StatusGone, "expired"); members["complete_time"] == nil {
		t.Errorf("got %v", members)
	}
}

func TestWithoutTheServiceNothingRuns(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{})
	s := newShopAt(t, semeld, []semel.Option{semel.WithCallTimeout(100 * time.Millisecond)})
	s.orders(mustNotRun(t))
	if err := semeld.Kill(); err != nil {
		t.Fatal(err)
	}
	got := s.post(t, "k", "{}")
	wantProblem(t, got, http.StatusServiceUnavailable, "unavailable")
	if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("got %v", got.header)
	}
}

func TestWhatTheServiceRefusesIsTheServersFault(t *testing.T) {
	s := newShop(t, semelhttp.WithRunOptions(semel.WithNamespace("No Namespace")))
	s.orders(mustNotRun(t))
	wantProblem(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "refused")
	if !strings.Contains(s.log.Text(), "refused the request") || !strings.Contains(s.log.Text(), "namespace") {
		t.Errorf("logged %s", s.log.Text())
	}
}

func TestTheWaitEndsInFlight(t *testing.T) {
	s := newShop(t, semelhttp.WithWait(50*time.Millisecond))
	s.orders(mustNotRun(t))
	// Another owner of the same key, which nobody ends.
	key, err := semel.KeyOf("POST", "/orders", "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Begin(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.post(t, "k", "{}"), http.StatusConflict, "in-flight")
}

func TestAFailureForNowSaysWhenToAskAgain(t *testing.T) {
	s := newShop(t)
	s.orders(mustNotRun(t))
	// Recorded by something else than this package, which names no pause.
	busy := semel.Retryable("BUSY", "secret", time.Minute)
	_, err := s.client.Do(adaptertest.Within(t), keyOf(t, "k"), func(context.Context, *semel.Attempt) (any, error) { return nil, busy })
	if !errors.Is(err, busy) {
		t.Fatal(err)
	}
	got := s.post(t, "k", "{}")
	members := wantProblem(t, got, http.StatusServiceUnavailable, "failed")
	if got.header.Get("Retry-After") != "60" || members["retry_after"] != 60.0 || members["reason"] != "BUSY" ||
		strings.Contains(got.body, "secret") {
		t.Errorf("got %v %s", got.header, got.body)
	}
}

func TestAFailureForGoodIsReplayed(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{Config: "namespaces:\n  shop:\n    max_attempts: 1\n"})
	s := newShopAt(t, semeld, nil)
	var runs atomic.Int32
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		runs.Add(1)
		http.Error(w, "no", http.StatusServiceUnavailable)
	})
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusServiceUnavailable, "no\n", false)
	if members := wantProblem(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "failed"); members["reason"] != "HTTP_503" {
		t.Errorf("got %v", members)
	}
	if runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
}
