package semelhttp_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/semelhttp"
)

// as sends a request of a user.
func (s *shop) as(t *testing.T, user, body string) answer {
	t.Helper()
	request := s.request(t, http.MethodPost, "/orders", "k", body)
	request.Header.Set("X-User", user)
	got, err := do(request)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func userOf(r *http.Request) ([]string, error) {
	user := r.Header.Get("X-User")
	if user == "mallory" {
		return nil, errors.New("no such user")
	}
	return []string{user}, nil
}

func TestAUserNeverGetsTheResponseOfAnother(t *testing.T) {
	s := newShop(t, semelhttp.WithScope(userOf), semelhttp.WithPrefix("api"))
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantAnswer(t, s.as(t, "ada", "{}"), http.StatusCreated, "order 1\n", false)
	wantAnswer(t, s.as(t, "bob", "{}"), http.StatusCreated, "order 2\n", false)
	wantAnswer(t, s.as(t, "ada", "{}"), http.StatusCreated, "order 1\n", true)
	// Without a user nothing runs.
	wantProblem(t, s.as(t, "", "{}"), http.StatusInternalServerError, "refused")
	wantProblem(t, s.as(t, "mallory", "{}"), http.StatusInternalServerError, "refused")

	record, err := s.client.Lookup(adaptertest.Within(t), "api/POST/%2Forders/ada/k")
	if err != nil || record == nil || record.State != semel.StateDone {
		t.Errorf("got %+v, %v", record, err)
	}
}

func TestAWholeMuxIsWrapped(t *testing.T) {
	s := newShop(t)
	inner := http.NewServeMux()
	inner.HandleFunc("POST /shops/{shop}/orders", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) {
			t.Errorf("got %d bytes of %d, %v", len(body), r.ContentLength, err)
		}
		fmt.Fprintf(w, "%s %s %s", r.PathValue("shop"), r.Pattern, body)
	})
	s.mux.Handle("/", s.once.Wrap(inner))
	wantAnswer(t, s.send(t, http.MethodPost, "/shops/5/orders", "k", "[7]"), http.StatusOK, "5 POST /shops/{shop}/orders [7]", false)
	record, err := s.client.Lookup(adaptertest.Within(t), "POST/%2Fshops%2F%7Bshop%7D%2Forders/k")
	if err != nil || record == nil {
		t.Errorf("got %+v, %v", record, err)
	}
	// The route is the same, the path is not.
	wantProblem(t, s.send(t, http.MethodPost, "/shops/6/orders", "k", "[7]"), http.StatusUnprocessableEntity, "fingerprint-mismatch")
}

func TestOtherMethodsAndRoutesThatAreOffArePassedOn(t *testing.T) {
	s := newShop(t, semelhttp.Required())
	var effects atomic.Int32
	s.mux.Handle("/orders", s.once.Wrap(placing(&effects)))
	s.mux.Handle("/off", s.once.Wrap(placing(&effects), semelhttp.Off()))
	s.mux.Handle("/put", s.once.WrapFunc(placing(&effects), semelhttp.WithMethods(http.MethodPut)))
	for i, each := range [][2]string{{"GET", "/orders"}, {"PUT", "/orders"}, {"POST", "/off"}, {"POST", "/put"}} {
		for repeat := range 2 {
			want := fmt.Sprintf("order %d\n", 2*i+repeat+1)
			wantAnswer(t, s.send(t, each[0], each[1], "k", "{}"), http.StatusCreated, want, false)
		}
	}
	wantAnswer(t, s.send(t, http.MethodPut, "/put", "k", "{}"), http.StatusCreated, "order 9\n", false)
	wantAnswer(t, s.send(t, http.MethodPut, "/put", "k", "{}"), http.StatusCreated, "order 9\n", true)
	wantAnswer(t, s.send(t, http.MethodPatch, "/orders", "k", "{}"), http.StatusCreated, "order 10\n", false)
	wantAnswer(t, s.send(t, http.MethodPatch, "/orders", "k", "{}"), http.StatusCreated, "order 10\n", true)
}

func TestTheHeaderMayHaveAnotherName(t *testing.T) {
	s := newShop(t, semelhttp.WithHeader("x-cloudtasks-taskname"), semelhttp.Required())
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantProblem(t, s.post(t, "k", "{}"), http.StatusBadRequest, "key-missing")
	for _, replayed := range []bool{false, true} {
		request := s.request(t, http.MethodPost, "/orders", "", "{}")
		request.Header.Set("X-CloudTasks-TaskName", "task-1")
		got, err := do(request)
		if err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, got, http.StatusCreated, "order 1\n", replayed)
	}
}

func TestAFingerprintOfOnesOwn(t *testing.T) {
	s := newShop(t, semelhttp.WithFingerprint(func(_ *http.Request, body []byte) ([]byte, error) {
		switch string(body) {
		case "nothing":
			return nil, nil
		case "wrong":
			return nil, errors.New("no")
		}
		return body[:1], nil
	}))
	var effects atomic.Int32
	s.orders(placing(&effects))
	wantAnswer(t, s.post(t, "k", "a1"), http.StatusCreated, "order 1\n", false)
	wantAnswer(t, s.post(t, "k", "a2"), http.StatusCreated, "order 1\n", true)
	wantAnswer(t, s.post(t, "k", "nothing"), http.StatusCreated, "order 1\n", true)
	wantProblem(t, s.post(t, "k", "b"), http.StatusUnprocessableEntity, "fingerprint-mismatch")
	wantProblem(t, s.post(t, "k", "wrong"), http.StatusInternalServerError, "refused")
}

func TestWrongOptionsAreRefused(t *testing.T) {
	client := adaptertest.NewClient(t, "127.0.0.1:1")
	for name, option := range map[string]semelhttp.Option{
		"header":   semelhttp.WithHeader("no header"),
		"methods":  semelhttp.WithMethods(),
		"body":     semelhttp.WithMaxBody(0),
		"response": semelhttp.WithMaxResponse(4 << 20),
		"stored":   semelhttp.WithStoredHeaders("set-cookie"),
		"pointer":  semelhttp.WithLeaveOut("sent_at"),
		"wait":     semelhttp.WithWait(-1),
		"policy":   semelhttp.WithStatusPolicy(nil),
		"scope":    semelhttp.WithScope(nil),
	} {
		if _, err := semelhttp.New(client, option); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := semelhttp.New(nil); err == nil || !strings.Contains(err.Error(), "pass the Client") {
		t.Errorf("got %v", err)
	}
	once, err := semelhttp.New(client)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Wrap did not panic")
		}
	}()
	once.Wrap(http.NotFoundHandler(), semelhttp.WithMaxBody(0))
}
