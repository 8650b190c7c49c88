package semel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	semel "semel.dev/go"
)

// Receipt is what a shop's customers get.
type Receipt struct {
	Order string
	Cents int
}

func placeOrder(ctx context.Context, client *semel.Client, order string) error {
	outcome, err := semel.Run(ctx, client, "order/"+order, func(ctx context.Context, a *semel.Attempt) (Receipt, error) {
		// Only one caller gets here; all others, now or tomorrow, get what is returned. Hand a.Token() to what you write to: it can
		// refuse the smaller ones of owners that lost their lease. Stop when ctx ends.
		return Receipt{Order: order, Cents: 1250}, nil
	}, semel.WithWait(10*time.Second))
	if err != nil {
		return err
	}
	fmt.Println(outcome.Value.Order, outcome.Value.Cents, outcome.Replayed)
	return nil
}

func ExampleRun() {
	client := exampleClient()
	defer client.Close()
	for range 2 {
		if err := placeOrder(context.Background(), client, "17"); err != nil {
			log.Print(err)
		}
	}
	// Output:
	// 17 1250 false
	// 17 1250 true
}

func explain(err error) string {
	var running *semel.AlreadyRunningError
	var failed *semel.EffectFailedError
	var doubt *semel.InDoubtError
	var expired *semel.ExpiredError
	var call *semel.Error
	switch {
	case errors.As(err, &running):
		return "somebody is at it, come back in " + running.RetryAfter.String()
	case errors.As(err, &failed) && failed.Failure.Retryable:
		return "failed for now: " + failed.Failure.Reason
	case errors.As(err, &failed):
		return "failed for good: " + failed.Failure.Reason
	case errors.As(err, &doubt):
		return "somebody has to find out what became of it"
	case errors.As(err, &expired):
		return "done long ago"
	case errors.Is(err, semel.ErrFingerprintMismatch):
		return "the key stands for another request"
	case errors.As(err, &call) && call.FnRan:
		return "it ran, but how it ended is not known to be recorded"
	}
	return "nothing was begun, or nobody knows how it ended: " + err.Error()
}

func ExampleEffectFailedError() {
	client := exampleClient()
	defer client.Close()
	for range 2 {
		_, err := semel.Run(context.Background(), client, "charge/5", func(context.Context, *semel.Attempt) (string, error) {
			return "", semel.Final("CARD_DECLINED", "no money")
		})
		fmt.Println(explain(err))
	}
	// Output:
	// failed for good: CARD_DECLINED
	// failed for good: CARD_DECLINED
}

// Charge is what a customer asks for.
type Charge struct {
	Account string    `json:"account"`
	Cents   int       `json:"cents"`
	SentAt  time.Time `json:"sent_at"`
}

func charge(ctx context.Context, client *semel.Client, id int, request Charge) error {
	key, err := semel.KeyOf("charge", id)
	if err != nil {
		return err
	}
	// The same charge sent again is the same request, though not at the same time.
	fingerprint, err := semel.Fingerprint(request, "/sent_at")
	if err != nil {
		return err
	}
	_, err = semel.Run(ctx, client, key, func(context.Context, *semel.Attempt) (string, error) {
		return "charged", nil
	}, semel.WithFingerprint(fingerprint))
	return err
}

func ExampleFingerprint() {
	client := exampleClient()
	defer client.Close()
	for _, request := range []Charge{{"ada", 1250, time.Unix(1, 0)}, {"ada", 1250, time.Unix(2, 0)}, {"ada", 99, time.Unix(3, 0)}} {
		err := charge(context.Background(), client, 42, request)
		fmt.Println(errors.Is(err, semel.ErrFingerprintMismatch))
	}
	// Output:
	// false
	// false
	// true
}

func pay(ctx context.Context, client *semel.Client, key string, crash bool) error {
	outcome, err := semel.Run(ctx, client, key, func(ctx context.Context, a *semel.Attempt) (string, error) {
		if a.Previous() == semel.PreviousAbandoned {
			// An earlier attempt fell silent: look whether its effect happened before doing it again.
			fmt.Printf("found checkpoint: %s\n", a.Checkpoint())
		}
		if err := a.Save(ctx, []byte("amount 12.50")); err != nil {
			return "", err
		}
		if crash {
			panic("power cut") // nobody knows how far it came: nothing is reported
		}
		return "paid", nil
	}, semel.WithLease(300*time.Millisecond), semel.WithWait(30*time.Second))
	if err != nil {
		return err
	}
	fmt.Println(outcome.Value)
	return nil
}

func ExampleAttempt_Save() {
	client := exampleClient()
	defer client.Close()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		_ = pay(context.Background(), client, "payment/1", true)
	}()
	if err := pay(context.Background(), client, "payment/1", false); err != nil {
		log.Print(err)
	}
	// Output:
	// recovered: power cut
	// found checkpoint: amount 12.50
	// paid
}

func refund(ctx context.Context, a *semel.Attempt) (string, error) {
	// From here on it can neither be taken back nor looked up: if this attempt falls silent, nobody may simply run it again.
	if err := a.SaveBeforeEffects(ctx, []byte("refund 7")); err != nil {
		return "", err
	}
	return "", errors.New("the bank's answer was cut off") // so nobody knows
}

func ExampleAttempt_SaveBeforeEffects() {
	client := exampleClient()
	defer client.Close()
	ctx := context.Background()
	_, err := semel.Run(ctx, client, "refund/7", refund, semel.WithLease(300*time.Millisecond))
	fmt.Println(err)
	_, err = semel.Run(ctx, client, "refund/7", refund, semel.WithWait(30*time.Second))
	fmt.Println(explain(err))
	// Output:
	// the bank's answer was cut off
	// somebody has to find out what became of it
}
