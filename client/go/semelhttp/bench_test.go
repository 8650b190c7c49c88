package semelhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelhttp"
)

// What a request costs over sockets: without a key, with one that is new, and with one whose response is replayed. The difference to the
// first is what the middleware and the service add.
func BenchmarkRequest(b *testing.B) {
	semeld := semeldtest.Start(b, semeldtest.Options{})
	client, err := semel.New(semeld.Address, semel.WithNamespace("shop"))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	once, err := semelhttp.New(client)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(once.WrapFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	runs := 0
	for name, keyOf := range map[string]func(i int) string{
		"without": func(int) string { return "" },
		"new":     func(i int) string { return fmt.Sprintf("%d-%d", runs, i) },
		"replay":  func(int) string { return "k" },
	} {
		b.Run(name, func(b *testing.B) {
			runs++
			for i := range b.N {
				request, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(`{"item": 7}`))
				if err != nil {
					b.Fatal(err)
				}
				if key := keyOf(i); key != "" {
					request.Header.Set("Idempotency-Key", key)
				}
				response, err := server.Client().Do(request)
				if err != nil {
					b.Fatal(err)
				}
				_, err = io.Copy(io.Discard, response.Body)
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal(response.Status, err)
				}
				_ = response.Body.Close() // it was read to its end
			}
		})
	}
}
