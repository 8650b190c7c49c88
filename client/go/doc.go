// Package semel does a side effect once: it begins a key with a Semel server, keeps the lease alive while your function works, and
// completes with what the function returned. Everyone who asks for the same key later, or elsewhere, gets the stored result.
//
//	client, err := semel.New("localhost:7420", semel.WithNamespace("shop"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	receipt, err := semel.Run(ctx, client, "order/17", func(ctx context.Context, a *semel.Attempt) (Receipt, error) {
//		return bank.Charge(ctx, order, a.Token())
//	}, semel.WithWait(10*time.Second))
//
// [Run] and [Client.Do] are all that most programs need. [Client.Acquire] hands out a [Lease] where the work is not one function;
// [Client.Begin], [Client.Complete] and the others are the calls of the protocol one by one, and the batches many of them in one
// message. [AdminClient] is for operators.
//
// # What is safe
//
// Every call carries an attempt id or a token and is repeated after a lost reply. An error says what is known: [Error.OutcomeUnknown]
// (a request was sent, its answer never came) and [Error.FnRan] (your function had returned, its outcome is not known to be recorded).
//
// Semel makes the record exact. It cannot undo what an owner did that lost its lease: hand [Attempt.Token] to what you write to, and
// let that refuse smaller ones.
//
// # Concurrency
//
// Client, AdminClient, Attempt and Lease may be used by many goroutines at once. A Client is a connection: make one per process.
// Nothing is global; [Client.Close] ends every goroutine that the Client started.
package semel
