package semelhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"semel.dev/go/internal/adaptertest"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

// What the middleware and the service add to a request, over sockets, with the service's data on disk (TMPDIR): with a key of its own for
// each request, and with one whose response is replayed. Each is measured in turn with the same request to the bare handler, so that what
// the machine does meanwhile meets both; added-µs is the difference of the medians.
//
//	go test -run '^$' -bench Middleware -benchtime 5000x ./semelhttp
func BenchmarkMiddleware(b *testing.B) {
	semeld := semeldtest.Start(b, semeldtest.Options{})
	once, err := semelhttp.New(adaptertest.NewClient(b, semeld.Address))
	if err != nil {
		b.Fatal(err)
	}
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux := http.NewServeMux()
	mux.Handle("POST /bare", echo)
	mux.Handle("POST /once", once.Wrap(echo, semelhttp.Required()))
	server := httptest.NewServer(mux)
	defer server.Close()
	run := 0
	for _, each := range []struct {
		name string
		key  func(i int) string
	}{
		{"new", func(i int) string { return fmt.Sprintf("new-%d-%d", run, i) }},
		{"replayed", func(int) string { return "replayed" }},
	} {
		b.Run(each.name, func(b *testing.B) {
			run++ // it runs more than once, for longer each time
			timedPost(b, server.URL+"/once", each.key(-1))
			bare, keyed := make([]time.Duration, b.N), make([]time.Duration, b.N)
			b.ResetTimer()
			for i := range b.N {
				bare[i] = timedPost(b, server.URL+"/bare", "")
				keyed[i] = timedPost(b, server.URL+"/once", each.key(i))
			}
			b.StopTimer()
			b.ReportMetric(0, "ns/op") // of both together: it says nothing
			b.ReportMetric(microseconds(median(bare)), "bare-µs")
			b.ReportMetric(microseconds(median(keyed)), "keyed-µs")
			b.ReportMetric(microseconds(median(keyed)-median(bare)), "added-µs")
		})
	}
}

func timedPost(b *testing.B, url, key string) time.Duration {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"item": 7}`))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	began := time.Now()
	response, err := browser.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	took := time.Since(began)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatal(response.Status, err)
	}
	_ = response.Body.Close() // it was read to its end
	return took
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
