package semelhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

// keyOf is the key in Semel of a POST to /orders.
func keyOf(t *testing.T, key string) string {
	t.Helper()
	inSemel, err := semel.KeyOf("POST", "/orders", key)
	if err != nil {
		t.Fatal(err)
	}
	return inSemel
}

// complete stores a result that is no response.
func (s *shop) complete(t *testing.T, key string) {
	t.Helper()
	_, err := s.client.Do(adaptertest.Within(t), keyOf(t, key), func(context.Context, *semel.Attempt) (any, error) { return "text", nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheHandlerGoesOnWithoutItsClient(t *testing.T) {
	began, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := newShop(t, semelhttp.WithWait(adaptertest.Patience), semelhttp.WithScope(func(r *http.Request) ([]string, error) {
		// The server's own context tells when it has noticed.
		context.AfterFunc(r.Context(), func() { once.Do(func() { close(gone) }) })
		return nil, nil
	}))
	var effects atomic.Int32
	place := placing(&effects)
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-gone
		if _, err := s.client.Lookup(r.Context(), "any"); err != nil {
			t.Errorf("the context ended: %v", err)
		}
		place(w, r)
	})
	request := s.request(t, http.MethodPost, "/orders", "k", "{}")
	ctx, cancel := context.WithCancel(request.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := do(request.WithContext(ctx))
		ended <- err
	}()
	<-began
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusCreated, "order 1\n", true)
}

func TestTheHandlerIsCutOffWhereItIsWanted(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithCancelOnDisconnect(), semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	began, ended := make(chan struct{}, 1), make(chan semel.Previous, 2)
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		attempt, _ := semel.AttemptFrom(r.Context())
		defer func() { ended <- attempt.Previous() }()
		if attempt.Number() == 1 {
			began <- struct{}{}
			<-r.Context().Done()
			http.Error(w, "cut off", http.StatusInternalServerError)
		}
	})
	request := s.request(t, http.MethodPost, "/orders", "k", "{}")
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	go func() { _, _ = do(request.WithContext(ctx)) }() // it is cancelled
	<-began
	cancel()
	<-ended
	// Nobody knows how far it came: not a failure.
	wantProblem(t, s.post(t, "k", "{}"), http.StatusConflict, "in-flight")
	elapse(10 * time.Second)
	if got := s.post(t, "k", "{}"); got.status != http.StatusOK || got.isReplayed() {
		t.Errorf("got %+v", got)
	}
	if previous := <-ended; previous != semel.PreviousAbandoned {
		t.Errorf("the next attempt was told %v", previous)
	}
}

func TestAClientThatGoesWhileItWaitsBeginsNothing(t *testing.T) {
	s := newShop(t, semelhttp.WithWait(time.Minute))
	s.orders(mustNotRun(t))
	acquired, err := s.client.Begin(adaptertest.Within(t), keyOf(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	request := s.request(t, http.MethodPost, "/orders", "k", "{}")
	ctx, cancel := context.WithCancel(request.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := do(request.WithContext(ctx))
		ended <- err
	}()
	adaptertest.AwaitWaiters(t, s.semeld, 1)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	adaptertest.AwaitWaiters(t, s.semeld, 0)
	if err := s.client.Release(adaptertest.Within(t), keyOf(t, "k"), acquired.(*semel.Acquired).Token); err != nil {
		t.Fatal(err)
	}
}

func TestAShutdownLetsTheHandlerEnd(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{})
	s := newShopAt(t, semeld, nil)
	began, mayEnd := make(chan struct{}), make(chan struct{})
	var effects atomic.Int32
	place := placing(&effects)
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-mayEnd
		place(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: s.mux, ReadHeaderTimeout: adaptertest.Patience}
	stopping := make(chan struct{})
	server.RegisterOnShutdown(func() { close(stopping) })
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.url = "http://" + listener.Addr().String()
	request := s.request(t, http.MethodPost, "/orders", "k", "{}")
	answers := make(chan answer, 1)
	go func() {
		got, err := do(request)
		if err != nil {
			t.Error(err)
		}
		answers <- got
	}()
	<-began
	down := make(chan error, 1)
	go func() { down <- server.Shutdown(adaptertest.Within(t)) }()
	<-stopping
	close(mayEnd)
	wantAnswer(t, <-answers, http.StatusCreated, "order 1\n", false)
	if err := <-down; err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	record, err := s.client.Lookup(adaptertest.Within(t), keyOf(t, "k"))
	if err != nil || record == nil || record.State != semel.StateDone {
		t.Errorf("got %+v, %v", record, err)
	}
}

func TestAResponseGoesOutThoughItIsNotRecorded(t *testing.T) {
	semeld := semeldtest.Start(t, semeldtest.Options{})
	s := newShopAt(t, semeld, []semel.Option{semel.WithCompleteTimeout(100 * time.Millisecond)})
	var effects atomic.Int32
	place := placing(&effects)
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		if err := semeld.Kill(); err != nil {
			t.Error(err)
		}
		place(w, r)
	})
	got := s.post(t, "k", "{}")
	wantAnswer(t, got, http.StatusCreated, "order 1\n", false)
	if got.header.Get("Idempotency-Recorded") != "false" || got.header.Get("Location") != "/orders/1" {
		t.Errorf("got %v", got.header)
	}
	if !strings.Contains(s.log.Text(), "not recorded") || !strings.Contains(s.log.Text(), "level=ERROR") {
		t.Errorf("logged %s", s.log.Text())
	}
}

func TestAResponseGoesOutThoughTheLeaseWasLost(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		elapse(10 * time.Second)
		answer, err := s.client.Begin(adaptertest.Within(t), keyOf(t, "k"))
		if acquired, ok := answer.(*semel.Acquired); err != nil || !ok || acquired.Previous != semel.PreviousAbandoned {
			t.Errorf("got %+v, %v", answer, err)
		}
		fmt.Fprint(w, "placed")
	})
	got := s.post(t, "k", "{}")
	wantAnswer(t, got, http.StatusOK, "placed", false)
	if got.header.Get("Idempotency-Recorded") != "false" {
		t.Errorf("got %v", got.header)
	}
}

func TestTheContextEndsWhenTheLeaseIsLost(t *testing.T) {
	s := newShop(t, semelhttp.WithRunOptions(semel.WithLease(200*time.Millisecond)))
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		if err := s.semeld.Suspend(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
		var lost *semel.LeaseLostError
		if cause := context.Cause(r.Context()); !errors.As(cause, &lost) {
			t.Errorf("got %v", cause)
		}
		if err := s.semeld.Resume(); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusInternalServerError)
	})
	if got := s.post(t, "k", "{}"); got.status != http.StatusInternalServerError || got.header.Get("Idempotency-Recorded") != "false" {
		t.Errorf("got %+v", got)
	}
}

func TestAPanicLeavesOpenWhatHappened(t *testing.T) {
	semeld, elapse := adaptertest.Standing(t, "")
	s := newShopAt(t, semeld, nil, semelhttp.WithRunOptions(semel.WithLease(10*time.Second)))
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		attempt, _ := semel.AttemptFrom(r.Context())
		if attempt.Number() == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, attempt.Previous())
	})
	if got, err := do(s.request(t, http.MethodPost, "/orders", "k", "{}")); err == nil {
		t.Errorf("got %+v", got)
	}
	wantProblem(t, s.post(t, "k", "{}"), http.StatusConflict, "in-flight")
	elapse(10 * time.Second)
	wantAnswer(t, s.post(t, "k", "{}"), http.StatusOK, "abandoned", false)
}
