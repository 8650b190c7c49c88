package scenario

import (
	"context"
	"fmt"

	semel "semel.dev/go"
)

// told turns what a call of the SDK answers into the words of a transcript.
func told[A any](tell func(A) answer) func(A, error) (answer, []answer) {
	return func(came A, err error) (answer, []answer) {
		if err != nil {
			return tellError(err), nil
		}
		return tell(came), nil
	}
}

// prepare reads a call and answers how to make it. An error: the transcript says something that the call does not have.
func (s speaker) prepare(call *Call) (sending, error) {
	if call.Batch {
		return s.prepareBatch(call)
	}
	a := s.asking(call.Fields)
	send := s.prepareOne(call, a)
	return send, a.done()
}

func (s speaker) prepareOne(call *Call, a *asking) sending {
	key := call.Key
	switch call.Verb {
	case "begin":
		options := a.begin(s.who)
		return func(ctx context.Context) (answer, []answer) {
			return told(tellBegin)(s.client.Begin(ctx, key, options...))
		}
	case "complete":
		token, ending, options := a.complete()
		return func(ctx context.Context) (answer, []answer) {
			return told(tellCompleted)(s.client.Complete(ctx, key, token, ending, options...))
		}
	case "lookup":
		options := a.plain()
		return func(ctx context.Context) (answer, []answer) {
			return told(tellRecord)(s.client.Lookup(ctx, key, options...))
		}
	case "renew":
		token, options := a.renew()
		return func(ctx context.Context) (answer, []answer) {
			return told(tellRenewed)(s.client.Renew(ctx, key, token, options...))
		}
	case "release":
		token, options := a.token(), a.plain()
		return func(ctx context.Context) (answer, []answer) {
			tell := func(struct{}) answer { return answer{kind: "released"} }
			return told(tell)(struct{}{}, s.client.Release(ctx, key, token, options...))
		}
	case "checkpoint":
		data, _ := a.text("data")
		token, began, options := a.token(), a.yes("effects_began"), a.plain()
		return func(ctx context.Context) (answer, []answer) {
			return told(tellCheckpointed)(s.client.Checkpoint(ctx, key, token, []byte(data), began, options...))
		}
	}
	return s.prepareOperator(call, a)
}

func (s speaker) prepareOperator(call *Call, a *asking) sending {
	switch call.Verb {
	case "resolve":
		request := a.resolve(s.ns, call.Key, s.who)
		return func(ctx context.Context) (answer, []answer) {
			return told(tellResolved)(s.admin.ResolveKey(ctx, request))
		}
	case "delete":
		request := semel.DeleteKeyRequest{Namespace: a.namespace(s.ns), Key: call.Key, Reason: "as the transcript says", Actor: s.who}
		return func(ctx context.Context) (answer, []answer) {
			tell := func(state semel.State) answer {
				return answer{"deleted", "", []namedFact{{"state", state.String()}}}
			}
			return told(tell)(s.admin.DeleteKey(ctx, request))
		}
	}
	request := a.list(s.ns)
	return func(ctx context.Context) (answer, []answer) {
		return told(tellListed)(s.admin.ListKeys(ctx, request))
	}
}

// prepareBatch: what stands on the line of the batch holds for every item.
func (s speaker) prepareBatch(call *Call) (sending, error) {
	var begins []semel.BeginRequest
	var completes []semel.CompleteRequest
	var renews []semel.RenewRequest
	for _, item := range call.Items {
		a := s.asking(call.Fields, item.Fields)
		switch call.Verb {
		case "begin":
			begins = append(begins, semel.BeginRequest{Key: item.Key, Options: a.begin(s.who)})
		case "complete":
			token, ending, options := a.complete()
			completes = append(completes, semel.CompleteRequest{Key: item.Key, Token: token, Ending: ending, Options: options})
		case "renew":
			token, options := a.renew()
			renews = append(renews, semel.RenewRequest{Key: item.Key, Token: token, Options: options})
		}
		if err := a.done(); err != nil {
			return nil, fmt.Errorf("line %d: %w", item.Line, err)
		}
	}
	switch call.Verb {
	case "begin":
		return func(ctx context.Context) (answer, []answer) {
			return tellItems(tellBegin)(s.client.BatchBegin(ctx, begins))
		}, nil
	case "complete":
		return func(ctx context.Context) (answer, []answer) {
			return tellItems(tellCompleted)(s.client.BatchComplete(ctx, completes))
		}, nil
	case "renew":
		return func(ctx context.Context) (answer, []answer) {
			return tellItems(tellRenewed)(s.client.BatchRenew(ctx, renews))
		}, nil
	}
	return nil, fmt.Errorf("there is no batch of %s", call.Verb)
}

func tellItems[A any](tell func(A) answer) func([]semel.Item[A], error) (answer, []answer) {
	return func(items []semel.Item[A], err error) (answer, []answer) {
		if err != nil {
			return tellError(err), nil
		}
		answers := make([]answer, len(items))
		for i, item := range items {
			answers[i], _ = told(tell)(item.Answer, item.Err)
		}
		return answer{kind: "answers"}, answers
	}
}
