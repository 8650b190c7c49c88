package semelhttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"semel.dev/go/semelhttp"
)

func TestAReplayIsTheSameByteForByte(t *testing.T) {
	every := make([]byte, 0, 70_000)
	for len(every) < cap(every) {
		every = append(every, byte(len(every)))
	}
	for name, respond := range map[string]func(http.ResponseWriter){
		"every byte": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(every)
		},
		"a type that is guessed": func(w http.ResponseWriter) { fmt.Fprint(w, "<html><body>placed</body></html>") },
		"no type":                func(w http.ResponseWriter) { w.Header()["Content-Type"] = nil; fmt.Fprint(w, "<html>") },
		"nothing":                func(http.ResponseWriter) {},
		"no content":             func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"a redirection": func(w http.ResponseWriter) {
			w.Header().Set("Location", "/orders/1")
			w.WriteHeader(http.StatusSeeOther)
		},
		"a refusal": func(w http.ResponseWriter) { http.Error(w, "the card was declined", http.StatusPaymentRequired) },
		"a long type": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain; x="+strings.Repeat("y", 150))
			fmt.Fprint(w, "a")
		},
		"many writes": func(w http.ResponseWriter) {
			for i := range 1000 {
				fmt.Fprintln(w, i)
			}
		},
		"compressed": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "text/plain")
			z := gzip.NewWriter(w)
			_, _ = z.Write(bytes.Repeat([]byte("a"), 10_000))
			_ = z.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			var runs atomic.Int32
			s.orders(func(w http.ResponseWriter, _ *http.Request) {
				runs.Add(1)
				w.Header().Set("Etag", `"1"`)
				w.Header().Add("Link", "</a>; rel=next")
				w.Header().Add("Link", "</b>; rel=last")
				w.Header().Set("Set-Cookie", "a=b")
				w.Header().Set("X-Request-Id", "1")
				respond(w)
			})
			first, again := s.post(t, "k", "{}"), s.post(t, "k", "{}")
			if first.isReplayed() || !again.isReplayed() || runs.Load() != 1 {
				t.Errorf("replayed: %v, %v; it ran %d times", first.isReplayed(), again.isReplayed(), runs.Load())
			}
			if first.status != again.status || first.body != again.body {
				t.Errorf("got %d %q, then %d %q", first.status, first.body, again.status, again.body)
			}
			for _, header := range []string{"Content-Type", "Location", "Etag", "Content-Encoding"} {
				if first.header.Get(header) != again.header.Get(header) {
					t.Errorf("%s: got %q, then %q", header, first.header.Get(header), again.header.Get(header))
				}
			}
			if again.header.Get("Link") != "</a>; rel=next, </b>; rel=last" {
				t.Errorf("Link: got %q", again.header.Values("Link"))
			}
			if first.header.Get("Set-Cookie") == "" || again.header.Get("Set-Cookie") != "" || again.header.Get("X-Request-Id") != "" {
				t.Errorf("got %v, then %v", first.header, again.header)
			}
		})
	}
}

func TestHeadersAfterTheFirstWriteDoNotCount(t *testing.T) {
	s := newShop(t)
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/early")
		fmt.Fprint(w, "a")
		w.Header().Set("Location", "/late")
		w.WriteHeader(http.StatusTeapot)
	})
	for _, replayed := range []bool{false, true} {
		got := s.post(t, "k", "{}")
		wantAnswer(t, got, http.StatusOK, "a", replayed)
		if location := got.header.Get("Location"); location != "/early" {
			t.Errorf("got %q", location)
		}
	}
}

func TestOtherHeadersAreStoredWhereTheyAreNamed(t *testing.T) {
	s := newShop(t, semelhttp.WithStoredHeaders("X-Order", "X-Long"))
	s.orders(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Order", "7")
		w.Header().Set("X-Long", strings.Repeat("x", 257))
		w.Header().Set("Location", "/orders/7")
	})
	first, again := s.post(t, "k", "{}"), s.post(t, "k", "{}")
	if again.header.Get("X-Order") != "7" || again.header.Get("Location") != "" || again.header.Get("X-Long") != "" {
		t.Errorf("got %v", again.header)
	}
	if len(first.header.Get("X-Long")) != 257 || !strings.Contains(s.log.Text(), "X-Long") {
		t.Errorf("got %v, logged %s", first.header, s.log.Text())
	}
}

func TestALargeResponseGoesOutWholeAndIsReplayedWithoutItsBody(t *testing.T) {
	for name, size := range map[string]int{"one byte too many": 1<<20 + 1, "much": 20 << 20} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			var runs atomic.Int32
			s.orders(func(w http.ResponseWriter, _ *http.Request) {
				runs.Add(1)
				w.Header().Set("Location", "/reports/1")
				w.Header().Set("Content-Type", "text/csv")
				w.WriteHeader(http.StatusCreated)
				for left := size; left > 0; left -= 100_000 {
					_, _ = w.Write(bytes.Repeat([]byte("x"), min(left, 100_000)))
				}
			})
			first, again := s.post(t, "k", "{}"), s.post(t, "k", "{}")
			if first.status != http.StatusCreated || len(first.body) != size || first.isReplayed() {
				t.Errorf("got %d with %d bytes", first.status, len(first.body))
			}
			wantAnswer(t, again, http.StatusCreated, "", true)
			if again.header.Get("Idempotency-Body-Omitted") != "true" || again.header.Get("Location") != "/reports/1" ||
				again.header.Get("Content-Type") != "text/csv" || runs.Load() != 1 {
				t.Errorf("got %v after %d runs", again.header, runs.Load())
			}
		})
	}
}

func TestTheTypeOfALargeResponseIsGuessedOnce(t *testing.T) {
	s := newShop(t, semelhttp.WithMaxResponse(10))
	s.orders(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body>placed</body></html>") })
	first, again := s.post(t, "k", "{}"), s.post(t, "k", "{}")
	wantAnswer(t, first, http.StatusOK, "<html><body>placed</body></html>", false)
	wantAnswer(t, again, http.StatusOK, "", true)
	if want := "text/html; charset=utf-8"; first.header.Get("Content-Type") != want || again.header.Get("Content-Type") != want {
		t.Errorf("got %v, then %v", first.header, again.header)
	}
}

// As the namespace's own limit says, which this package does not know.
func TestAResponseThatTheServiceRefusesIsReplayedWithoutItsBody(t *testing.T) {
	s := newShop(t, semelhttp.WithMaxResponse(3<<20))
	s.orders(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 2<<20)) })
	first, again := s.post(t, "k", "{}"), s.post(t, "k", "{}")
	if first.status != http.StatusOK || len(first.body) != 2<<20 || first.header.Get("Idempotency-Recorded") != "" {
		t.Errorf("got %d with %d bytes, %v", first.status, len(first.body), first.header)
	}
	wantAnswer(t, again, http.StatusOK, "", true)
	if again.header.Get("Idempotency-Body-Omitted") != "true" {
		t.Errorf("got %v", again.header)
	}
}

func TestAResultOfSomebodyElseIsNoResponse(t *testing.T) {
	s := newShop(t)
	s.orders(mustNotRun(t))
	s.complete(t, "k")
	wantProblem(t, s.post(t, "k", "{}"), http.StatusInternalServerError, "response-not-kept")
}
