// Command httpapi serves POST /orders, which places an order once for each Idempotency-Key of a user.
//
//	SEMEL_NAMESPACE=shop httpapi -listen 127.0.0.1:8080
//	curl -u ada: -H 'Idempotency-Key: "8e03978e"' -H 'Content-Type: application/json' -d '{"item": "book"}' http://127.0.0.1:8080/orders
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/semelhttp"
)

// Order is what a user sends.
type Order struct {
	Item string `json:"item"`
}

// PlacedOrder is what the user gets, now and again.
type PlacedOrder struct {
	Order int64  `json:"order"`
	Item  string `json:"item"`
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "host:port; port 0 takes any")
	ledger := flag.String("ledger", "orders.txt", "the database: a line for each order")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, *ledger); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, listen, ledger string) error {
	client, err := semel.New("") // SEMEL_ADDRESS and SEMEL_NAMESPACE
	if err != nil {
		return err
	}
	defer client.Close()
	idempotent, err := semelhttp.New(client,
		semelhttp.WithScope(userOf), // or one user could read the response of another
		semelhttp.WithWait(5*time.Second))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	// First who asks, then whether it was done before: replays are for the same user only, too.
	mux.Handle("POST /orders", authenticated(idempotent.Wrap(placeOrder(ledger), semelhttp.Required())))

	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	down := make(chan error, 1)
	go func() {
		<-ctx.Done()
		// Orders on their way are placed, and recorded.
		patience, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		down <- server.Shutdown(patience)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-down
}

// authenticated: a real service would check the password, or a token.
func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user == "" {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func userOf(r *http.Request) ([]string, error) {
	user, _, _ := r.BasicAuth()
	return []string{user}, nil
}

func placeOrder(ledger string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var order Order
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil || order.Item == "" {
			http.Error(w, "say what to order: {\"item\": \"book\"}", http.StatusUnprocessableEntity) // stored, too: it will not get better
			return
		}
		attempt, _ := semel.AttemptFrom(r.Context()) // with Required there always is one
		if err := appendLine(ledger, fmt.Sprintf("order %q token %d", order.Item, attempt.Token())); err != nil {
			http.Error(w, "no paper", http.StatusInternalServerError) // not stored: the next try runs again
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", fmt.Sprintf("/orders/%d", attempt.Token()))
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(PlacedOrder{attempt.Token(), order.Item}) // it is placed, also where nobody listens any more
	}
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(line + "\n"); err != nil {
		_ = file.Close() // the first error counts
		return err
	}
	return file.Close()
}
