package semelhttp_test

import (
	"fmt"
	"log"
	"net/http"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/semelhttp"
)

func Example() {
	client, err := semel.New("localhost:7420", semel.WithNamespace("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	idempotent, err := semelhttp.New(client,
		semelhttp.WithWait(5*time.Second),
		// Without it, one user could read another's response by guessing a key.
		semelhttp.WithScope(func(r *http.Request) ([]string, error) {
			user, _, _ := r.BasicAuth()
			return []string{user}, nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /charges", idempotent.WrapFunc(func(w http.ResponseWriter, r *http.Request) {
		attempt, _ := semel.AttemptFrom(r.Context()) // with Required there always is one
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "charged under token %d\n", attempt.Token())
	}, semelhttp.Required()))
	server := &http.Server{Addr: "localhost:8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Print(server.ListenAndServe())
}
