package semelhttp_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/semelhttp"
)

func TestFiftyDuplicatesAtATimeHaveOneEffect(t *testing.T) {
	s := newShop(t, semelhttp.WithWait(adaptertest.Patience))
	var effects, replays atomic.Int32
	s.orders(placing(&effects))
	var wait sync.WaitGroup
	for range 50 {
		request := s.request(t, http.MethodPost, "/orders", `"8e03978e"`, `{"item": 7}`)
		wait.Add(1)
		go func() {
			defer wait.Done()
			got, err := do(request)
			if err != nil {
				t.Error(err)
				return
			}
			wantAnswer(t, got, http.StatusCreated, "order 1\n", got.isReplayed())
			if got.isReplayed() {
				replays.Add(1)
			}
		}()
	}
	wait.Wait()
	if effects.Load() != 1 || replays.Load() != 49 {
		t.Errorf("%d effects, %d replays", effects.Load(), replays.Load())
	}
}

func TestDuplicatesThatDoNotWaitAreInFlightOrReplayed(t *testing.T) {
	s := newShop(t)
	var effects atomic.Int32
	allCame := make(chan struct{})
	place := placing(&effects)
	s.orders(func(w http.ResponseWriter, r *http.Request) {
		<-allCame
		place(w, r)
	})
	answers := make(chan answer, 50)
	for range 50 {
		request := s.request(t, http.MethodPost, "/orders", `"8e03978e"`, `{"item": 7}`)
		go func() {
			got, err := do(request)
			if err != nil {
				t.Error(err)
			}
			answers <- got
		}()
	}
	// All but the one whose handler waits are answered.
	for range 49 {
		got := <-answers
		members := wantProblem(t, got, http.StatusConflict, "in-flight")
		if got.header.Get("Retry-After") == "" || members["retry_after"] == nil || members["owner"] != nil {
			t.Errorf("got %v %v", got.header, members)
		}
	}
	close(allCame)
	wantAnswer(t, <-answers, http.StatusCreated, "order 1\n", false)
	wantAnswer(t, s.post(t, `"8e03978e"`, `{"item": 7}`), http.StatusCreated, "order 1\n", true)
	if effects.Load() != 1 {
		t.Errorf("%d effects", effects.Load())
	}
}

// Different keys, users and routes do not meet.
func TestOtherKeysHaveEffectsOfTheirOwn(t *testing.T) {
	s := newShop(t)
	var effects atomic.Int32
	s.orders(placing(&effects))
	s.mux.Handle("POST /orders/{id}/items", s.once.Wrap(placing(&effects)))
	for i, path := range []string{"/orders", "/orders", "/orders/5/items"} {
		key := []string{"a", "b", "a"}[i]
		if got := s.send(t, http.MethodPost, path, key, "{}"); got.status != http.StatusCreated || got.isReplayed() {
			t.Errorf("%s %s: got %+v", path, key, got)
		}
	}
	if effects.Load() != 3 {
		t.Errorf("%d effects", effects.Load())
	}
}
