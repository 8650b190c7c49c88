package semel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	semel "semel.dev/go"
)

func ship(ctx context.Context, client *semel.Client) error {
	answer, err := client.Acquire(ctx, "shipment/5", semel.WithLease(10*time.Second))
	if err != nil {
		return err
	}
	lease, ok := answer.(*semel.Lease)
	if !ok {
		fmt.Println("somebody else's")
		return nil
	}
	defer lease.Abandon() // does nothing after Complete, Fail or Release

	ctx, cancel := lease.Context(ctx) // ends when the lease is lost
	defer cancel()
	if err := ctx.Err(); err != nil {
		return lease.Release(ctx) // nothing has happened yet: others need not wait for the lease to lapse
	}
	if _, err := lease.Complete(ctx, semel.Result{Payload: []byte("parcel 12")}); err != nil {
		return err
	}
	fmt.Println("shipped")
	return nil
}

func ExampleClient_Acquire() {
	client := exampleClient()
	defer client.Close()
	for range 2 {
		if err := ship(context.Background(), client); err != nil {
			log.Print(err)
		}
	}
	// Output:
	// shipped
	// somebody else's
}

func converse(ctx context.Context, client *semel.Client) error {
	answer, err := client.Begin(ctx, "invoice/88", semel.WithLease(30*time.Second), semel.WithOwner("till-3"))
	if err != nil {
		return err
	}
	switch a := answer.(type) {
	case *semel.Acquired:
		// ... the effect goes here; renew before a.Lease is over ...
		if _, err := client.Renew(ctx, "invoice/88", a.Token); err != nil {
			return err
		}
		if _, err := client.Complete(ctx, "invoice/88", a.Token, semel.Result{Payload: []byte("printed")}); err != nil {
			return err
		}
		fmt.Println("done by attempt", a.Attempt)
	case *semel.Done:
		fmt.Printf("done before: %s\n", a.Result.Payload)
	case *semel.Failed:
		fmt.Println("failed:", a.Failure.Reason)
	case *semel.InProgress:
		fmt.Println("in progress at", a.Owner)
	case *semel.InDoubt:
		fmt.Println("in doubt since", a.Since)
	case *semel.Expired:
		fmt.Println("done long ago")
	}
	return nil
}

func ExampleClient_Begin() {
	client := exampleClient()
	defer client.Close()
	for range 2 {
		if err := converse(context.Background(), client); err != nil {
			log.Print(err)
		}
	}
	// Output:
	// done by attempt 1
	// done before: printed
}

func consume(ctx context.Context, client *semel.Client, messages []string) error {
	begins := make([]semel.BeginRequest, len(messages))
	for i, message := range messages {
		begins[i] = semel.BeginRequest{Key: "message/" + message}
	}
	begun, err := client.BatchBegin(ctx, begins)
	if err != nil {
		return err // nothing was answered at all
	}
	var completes []semel.CompleteRequest
	for i, item := range begun {
		if item.Err != nil {
			log.Printf("%s: %v", begins[i].Key, item.Err) // this one alone
			continue
		}
		acquired, ok := item.Answer.(*semel.Acquired)
		if !ok {
			continue // done before, or somebody else is at it
		}
		completes = append(completes, semel.CompleteRequest{Key: begins[i].Key, Token: acquired.Token,
			Ending: semel.Result{Payload: []byte("ok")}})
	}
	if len(completes) == 0 {
		fmt.Println("nothing new")
		return nil
	}
	completed, err := client.BatchComplete(ctx, completes)
	if err != nil {
		return err
	}
	stored := 0
	for _, item := range completed {
		if item.Err == nil {
			stored++
		}
	}
	fmt.Println(stored, "of", len(messages), "consumed")
	return nil
}

func ExampleClient_BatchBegin() {
	client := exampleClient()
	defer client.Close()
	for range 2 {
		if err := consume(context.Background(), client, []string{"1", "2", "1"}); err != nil {
			log.Print(err)
		}
	}
	// Output:
	// 2 of 3 consumed
	// nothing new
}

func settleAll(ctx context.Context, admin *semel.AdminClient) error {
	for listed, err := range admin.Keys(ctx, semel.ListKeysRequest{Namespace: "bank", State: semel.StateInDoubt}) {
		if err != nil {
			return err
		}
		// Somebody looked at the bank's side: the money moved.
		_, err := admin.ResolveKey(ctx, semel.ResolveKeyRequest{
			Namespace:  listed.Namespace,
			Key:        listed.Key,
			Resolution: semel.Result{Payload: []byte("charge 88")},
			Reason:     "the bank's statement has it",
			Actor:      "jo",
			Attempt:    listed.Record.Attempt, // the one that was looked at, no later one
		})
		if err != nil {
			return err
		}
		fmt.Println("settled", listed.Key)
	}
	return nil
}

func ExampleAdminClient_ResolveKey() {
	client, admin := exampleClient(semel.WithNamespace("bank")), exampleAdmin()
	defer client.Close()
	defer admin.Close()
	ctx := context.Background()
	_, err := semel.Run(ctx, client, "transfer/88", refund, semel.WithLease(100*time.Millisecond))
	fmt.Println(err)
	if _, err := client.Begin(ctx, "transfer/88", semel.WithWait(30*time.Second)); err != nil {
		log.Print(err)
	}
	if err := settleAll(ctx, admin); err != nil {
		log.Print(err)
	}
	// Output:
	// the bank's answer was cut off
	// settled transfer/88
}

func connect(folder string) (*semel.Client, error) {
	return semel.New("semel.example.com:7420",
		semel.WithNamespace("shop"),
		semel.WithCallTimeout(20*time.Second),
		semel.WithTLS(semel.TLS{
			CAFile:   folder + "/ca.pem",
			CertFile: folder + "/client.pem",
			KeyFile:  folder + "/client.key",
		}),
		// Asked for at every try: a token that is renewed on disk is picked up.
		semel.WithBearerTokenFunc(func(context.Context) (string, error) {
			token, err := os.ReadFile(folder + "/token")
			return string(token), err
		}))
}

func ExampleNew() {
	_, err := connect("/no/such/folder")
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output: true
}
