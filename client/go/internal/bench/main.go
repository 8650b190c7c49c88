// Command bench measures pairs of Begin and Complete a second, each on a key of its own.
//
//	go run ./internal/bench -address localhost:7420 -callers 64 -length 10s
//
// It prints one line of JSON: {"pairs_per_s":...,"p50_us":...,"p99_us":...} of whole pairs, and how they went.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	semel "semel.dev/go"
)

type figures struct {
	PairsPerS      float64 `json:"pairs_per_s"`
	P50Micros      int64   `json:"p50_us"`
	P99Micros      int64   `json:"p99_us"`
	Callers        int     `json:"callers"`
	Seconds        float64 `json:"seconds"`
	Way            string  `json:"way"`
	TransportInUse string  `json:"transport_in_use"`
}

func main() {
	address := flag.String("address", "", "host:port of the server; empty: SEMEL_ADDRESS, else localhost:7420")
	namespace := flag.String("namespace", "bench", "of the keys")
	callers := flag.Int("callers", 64, "how many call at a time")
	length := flag.Duration("length", 10*time.Second, "how long is measured")
	warmUp := flag.Duration("warm-up", time.Second, "how long is not, before")
	transport := flag.String("transport", "auto", "auto, unary or stream")
	way := flag.String("way", "calls", "calls: Begin and Complete; run: Run, which makes them")
	payload := flag.Int("payload", 100, "bytes of each result")
	flag.Parse()
	if err := measure(*address, *namespace, *callers, *length, *warmUp, *transport, *way, *payload); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(address, namespace string, callers int, length, warmUp time.Duration, transport, way string, payload int) error {
	transports := map[string]semel.Transport{"auto": semel.TransportAuto, "unary": semel.TransportUnary, "stream": semel.TransportStream}
	chosen, ok := transports[transport]
	if !ok {
		return fmt.Errorf("no such transport: %s", transport)
	}
	client, err := semel.New(address, semel.WithNamespace(namespace), semel.WithTransport(chosen))
	if err != nil {
		return err
	}
	defer client.Close()
	pair, ok := map[string]pairOf{"calls": calls, "run": run}[way]
	if !ok {
		return fmt.Errorf("no such way: %s", way)
	}
	result := semel.Result{Payload: make([]byte, payload), ContentType: "application/octet-stream"}
	begin := time.Now().Add(warmUp)
	end := begin.Add(length)
	latencies := make([][]time.Duration, callers)
	errs := make([]error, callers)
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			latencies[caller], errs[caller] = keepCalling(client, pair, result, begin, end)
		}()
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	if len(all) == 0 {
		return errors.New("not one pair was done in time")
	}
	return json.NewEncoder(os.Stdout).Encode(figures{
		PairsPerS:      float64(len(all)) / length.Seconds(),
		P50Micros:      all[len(all)/2].Microseconds(),
		P99Micros:      all[len(all)*99/100].Microseconds(),
		Callers:        callers,
		Seconds:        length.Seconds(),
		Way:            way,
		TransportInUse: client.TransportInUse().String(),
	})
}

type pairOf func(ctx context.Context, client *semel.Client, key string, result semel.Result) error

func keepCalling(client *semel.Client, pair pairOf, result semel.Result, begin, end time.Time) ([]time.Duration, error) {
	var latencies []time.Duration
	for {
		began := time.Now()
		if !began.Before(end) {
			return latencies, nil
		}
		if err := pair(context.Background(), client, semel.NewKey(), result); err != nil {
			return nil, err
		}
		if ended := time.Now(); began.After(begin) && ended.Before(end) {
			latencies = append(latencies, ended.Sub(began))
		}
	}
}

func calls(ctx context.Context, client *semel.Client, key string, result semel.Result) error {
	answer, err := client.Begin(ctx, key)
	if err != nil {
		return err
	}
	acquired, ok := answer.(*semel.Acquired)
	if !ok {
		return fmt.Errorf("%s: got %T", key, answer)
	}
	_, err = client.Complete(ctx, key, acquired.Token, result)
	return err
}

func run(ctx context.Context, client *semel.Client, key string, result semel.Result) error {
	_, err := client.Do(ctx, key, func(context.Context, *semel.Attempt) (any, error) { return result, nil })
	return err
}
