// Command firstcall charges an order once, however often it is started for the same order.
//
//	SEMEL_NAMESPACE=shop firstcall -ledger charges.txt 17
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	semel "semel.dev/go"
)

// Charge is what everybody gets who asks for the same order.
type Charge struct {
	Order string `json:"order"`
	Cents int    `json:"cents"`
}

func main() {
	ledger := flag.String("ledger", "charges.txt", "the bank: a line for each charge")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: firstcall [-ledger FILE] ORDER")
		os.Exit(2)
	}
	if err := charge(context.Background(), *ledger, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func charge(ctx context.Context, ledger, order string) error {
	client, err := semel.New("") // SEMEL_ADDRESS and SEMEL_NAMESPACE
	if err != nil {
		return err
	}
	defer client.Close()
	key, err := semel.KeyOf("order", order)
	if err != nil {
		return err
	}
	outcome, err := semel.Run(ctx, client, key, func(_ context.Context, a *semel.Attempt) (Charge, error) {
		// Only one caller gets here. A real bank would take a.Token(), and refuse smaller ones.
		return Charge{Order: order, Cents: 1250}, appendLine(ledger, fmt.Sprintf("charge %s 1250 token %d", order, a.Token()))
	}, semel.WithWait(10*time.Second))
	if err != nil {
		return err
	}
	before := ""
	if outcome.Replayed {
		before = " (before)"
	}
	fmt.Printf("order %s: charged %d cents%s\n", outcome.Value.Order, outcome.Value.Cents, before)
	return nil
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line + "\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	return semel.WithVerdict(err, semel.Unknown{}) // the line may be there, in whole or in part
}
