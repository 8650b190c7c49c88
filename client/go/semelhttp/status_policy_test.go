package semelhttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

// answeringAsAsked answers the status that the request's body names, the first time; then how the attempt before ended.
func answeringAsAsked(w http.ResponseWriter, r *http.Request) {
	attempt, _ := semel.AttemptFrom(r.Context())
	if attempt.Number() > 1 {
		fmt.Fprint(w, attempt.Previous())
		return
	}
	var status int
	if err := json.NewDecoder(r.Body).Decode(&status); err != nil {
		panic(err)
	}
	w.WriteHeader(status)
}

func TestEachStatusIsStoredRetriedOrLeftOpen(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	s.orders(answeringAsAsked)
	first := func(t *testing.T, status int) (send func() answer) {
		body, key := fmt.Sprint(status), fmt.Sprint("status-", status)
		got := s.post(t, key, body)
		isOpen := status == http.StatusBadGateway || status == http.StatusGatewayTimeout
		if wantAnswer(t, got, status, "", false); (got.header.Get("Idempotency-Recorded") == "false") != isOpen {
			t.Errorf("got %v", got.header)
		}
		return func() answer { return s.post(t, key, body) }
	}
	for _, status := range []int{200, 201, 202, 204, 303, 304, 400, 402, 404, 405, 409, 410, 412, 415, 422, 428, 451} {
		t.Run(fmt.Sprint("stored ", status), func(t *testing.T) { wantAnswer(t, first(t, status)(), status, "", true) })
	}
	for _, status := range []int{401, 403, 408, 425, 429, 500, 501, 503, 505, 507, 599} {
		t.Run(fmt.Sprint("retried ", status), func(t *testing.T) {
			again := first(t, status)
			record, err := s.client.Lookup(adaptertest.Within(t), keyOf(t, fmt.Sprint("status-", status)))
			if err != nil {
				t.Fatal(err)
			}
			failure, ok := record.Ending.(semel.Failure)
			if !ok || !failure.Retryable || failure.Reason != fmt.Sprint("HTTP_", status) {
				t.Errorf("recorded %+v", record.Ending)
			}
			wantAnswer(t, again(), http.StatusOK, "failed", false)
			wantAnswer(t, again(), http.StatusOK, "failed", true)
		})
	}
	for _, status := range []int{502, 504} {
		t.Run(fmt.Sprint("left open ", status), func(t *testing.T) {
			again := first(t, status)
			wantProblem(t, again(), http.StatusConflict, "in-flight")
			elapse(10 * time.Second)
			wantAnswer(t, again(), http.StatusOK, "abandoned", false)
		})
	}
}

func TestAStatusPolicyDecidesWhatIsStored(t *testing.T) {
	s := newShop(t, semelhttp.WithStatusPolicy(func(status int) semelhttp.Keeping {
		if status == http.StatusConflict {
			return semelhttp.Retry
		}
		return semelhttp.Store
	}))
	var runs atomic.Int32
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		if runs.Add(1) == 1 {
			http.Error(w, "later", http.StatusConflict)
			return
		}
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusConflict, "later\n", false)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "broken\n", false)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "broken\n", true)
}

func TestAStatusPolicyMayLeaveAResponseOpen(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithLease(10*time.Second)),
		semelhttp.WithStatusPolicy(func(int) semelhttp.Keeping { return semelhttp.LeaveOpen }))
	s.orders(answeringAsAsked)
	wantAnswer(t, s.post(t, "k", "200"), http.StatusOK, "", false)
	wantProblem(t, s.post(t, "k", "200"), http.StatusConflict, "in-flight")
	elapse(10 * time.Second)
	wantAnswer(t, s.post(t, "k", "200"), http.StatusOK, "abandoned", false)
}

// The program's policy knows its own errors; statuses are not of these.
func TestTheErrorPolicyOfTheClientHasNoSayInStatuses(t *testing.T) {
	s := newShopAt(t, semeldtest.Start(t, semeldtest.Options{}), []semel.Option{semel.WithErrorPolicy(func(error, *semel.Attempt) semel.Verdict {
		t.Error("it was asked")
		return semel.Failure{Reason: "NEVER"}
	})})
	s.orders(answeringAsAsked)
	wantAnswer(t, s.post(t, "k", "503"), http.StatusServiceUnavailable, "", false)
	wantAnswer(t, s.post(t, "k", "503"), http.StatusOK, "failed", false)
}

func TestAHandlerThatIsCutOffWithoutAWordIsNotDone(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithCancelOnDisconnect(), semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	var cutOff context.CancelFunc // of the request, by a middleware outside of this one
	var runs atomic.Int32
	once := s.once.WrapFunc(func(w http.ResponseWriter, r *http.Request) {
		if runs.Add(1) == 1 {
			cutOff()
			<-r.Context().Done()
			return // net/http makes a 200 of it
		}
		attempt, _ := semel.AttemptFrom(r.Context())
		fmt.Fprint(w, attempt.Previous())
	})
	s.mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		cutOff = cancel
		once.ServeHTTP(w, r.WithContext(ctx))
	})
	got := s.post(t, "k", "{}")
	members := wantProblem(t, got, http.StatusServiceUnavailable, "not-recorded")
	if got.header.Get("Retry-After") != "1" || members["retry_after"] != 1.0 {
		t.Errorf("got %v %v", got.header, members)
	}
	wantProblem(t, s.post(t, "k", "{}"), http.StatusConflict, "in-flight")
	elapse(10 * time.Second)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "abandoned", false)
}
