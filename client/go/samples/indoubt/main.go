// Command indoubt refunds money, which can neither be taken back nor be done twice. If it dies while the bank has the word, nobody does it
// again before somebody has asked the bank.
//
//	SEMEL_NAMESPACE=bank indoubt -ledger bank.txt -crash after refund 7   # dies when the money has moved
//	SEMEL_NAMESPACE=bank indoubt -ledger bank.txt refund 7                # in doubt
//	SEMEL_NAMESPACE=bank indoubt -ledger bank.txt settle 7                # asks the bank, and tells Semel
//	SEMEL_NAMESPACE=bank indoubt -ledger bank.txt refund 7                # refunded before
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	semel "semel.dev/go"
)

// What the program ends with where a person is needed.
const exitInDoubt = 3

type refund struct {
	id     string
	ledger string
	crash  string
}

func main() {
	var r refund
	flag.StringVar(&r.ledger, "ledger", "bank.txt", "the bank: a line for each refund")
	flag.StringVar(&r.crash, "crash", "", "die before or after the bank was told")
	flag.Parse()
	r.id = flag.Arg(1)
	var err error
	switch {
	case flag.NArg() == 2 && flag.Arg(0) == "refund":
		err = r.run(context.Background())
	case flag.NArg() == 2 && flag.Arg(0) == "settle":
		err = r.settle(context.Background())
	default:
		fmt.Fprintln(os.Stderr, "usage: indoubt [-ledger FILE] [-crash before|after] refund|settle ID")
		os.Exit(2)
	}
	var doubt *semel.InDoubtError
	if errors.As(err, &doubt) {
		fmt.Printf("refund %s: in doubt, nobody knows whether the money moved: settle it\n", r.id)
		os.Exit(exitInDoubt)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (r refund) key() (string, error) { return semel.KeyOf("refund", r.id) }

func (r refund) run(ctx context.Context) error {
	client, err := semel.New("") // SEMEL_ADDRESS and SEMEL_NAMESPACE
	if err != nil {
		return err
	}
	defer client.Close()
	key, err := r.key()
	if err != nil {
		return err
	}
	outcome, err := semel.Run(ctx, client, key, r.transfer, semel.WithLease(time.Second), semel.WithWait(30*time.Second))
	if err != nil {
		return err
	}
	before := ""
	if outcome.Replayed {
		before = " before"
	}
	fmt.Printf("refund %s: refunded%s (%s)\n", r.id, before, outcome.Value)
	return nil
}

func (r refund) transfer(ctx context.Context, a *semel.Attempt) (string, error) {
	// From here on it can neither be taken back nor looked up: if this attempt falls silent, nobody may simply run it again.
	if err := a.SaveBeforeEffects(ctx, []byte("refund "+r.id)); err != nil {
		return "", err
	}
	r.dieIf("before")
	if err := appendLine(r.ledger, "refund "+r.id); err != nil {
		return "", err // after SaveBeforeEffects: nothing is reported, and the key will be in doubt
	}
	r.dieIf("after")
	return "told by the bank", nil
}

// dieIf is a power cut.
func (r refund) dieIf(when string) {
	if r.crash != when {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // it does not get any further
}

// settle asks the bank what became of the refund, and tells Semel.
func (r refund) settle(ctx context.Context) error {
	admin, err := semel.NewAdmin("")
	if err != nil {
		return err
	}
	defer admin.Close()
	key, err := r.key()
	if err != nil {
		return err
	}
	// The attempt that is looked at: no later one is settled by mistake.
	settling := semel.ResolveKeyRequest{Namespace: os.Getenv("SEMEL_NAMESPACE"), Key: key, Actor: "indoubt"}
	keys := admin.Keys(ctx, semel.ListKeysRequest{Namespace: settling.Namespace, Prefix: key, State: semel.StateInDoubt})
	for listed, err := range keys {
		if err != nil {
			return err
		}
		if listed.Key == key {
			settling.Attempt = listed.Record.Attempt
		}
	}
	if settling.Attempt == 0 {
		return fmt.Errorf("refund %s is not in doubt", r.id)
	}
	hasMoved, err := has(r.ledger, "refund "+r.id)
	if err != nil {
		return err
	}
	finding := "the bank has nothing of it; it may be tried again"
	settling.Resolution, settling.Reason = semel.Absent{}, "the bank's statement does not have it"
	if hasMoved {
		finding = "the bank has it; it is done"
		settling.Resolution = semel.Result{Payload: []byte("found at the bank"), ContentType: "text/plain; charset=utf-8"}
		settling.Reason = "the bank's statement has it"
	}
	if _, err := admin.ResolveKey(ctx, settling); err != nil {
		return err
	}
	fmt.Printf("refund %s: %s\n", r.id, finding)
	return nil
}

func has(path, line string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return strings.Contains("\n"+string(text), "\n"+line+"\n"), err
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
