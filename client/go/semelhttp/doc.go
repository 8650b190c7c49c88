// Package semelhttp answers requests that carry an Idempotency-Key once: the handler runs for the first, and all others, at the same time
// or later, get the response that it made. It follows the IETF's draft-ietf-httpapi-idempotency-key-header-07.
//
//	idempotent, err := semelhttp.New(client, semelhttp.WithScope(userOf))
//	if err != nil {
//		return err
//	}
//	mux.Handle("POST /orders", idempotent.Wrap(createOrder, semelhttp.Required()))
//
// # Put the user into the scope
//
// Keys are chosen by clients. Without [WithScope], who guesses another user's key and sends the same request gets that user's response. Give
// the scope whatever separates those who must not see each other's responses: the user, the tenant, the account. Do the authentication
// before this middleware, so that it is done for replays, too.
//
// # What a request gets
//
//	the first                     the handler's response, once it is recorded
//	a repetition                  the same status, body and stored headers, and Idempotency-Replayed: true
//	one while the first runs      409 in-flight with Retry-After, after [WithWait]
//	another request, same key     422 fingerprint-mismatch
//	no key where one is Required  400 key-missing
//	a key that is none            400 key-malformed
//	a body that was cut short     400 body-incomplete
//	an attempt fell silent after
//	its effects began             409 in-doubt: a person has to find out
//	one whose response is gone    410 expired
//	an attempt failed for good    500 failed (a namespace's max_attempts does that)
//	an attempt failed for now     503 failed with Retry-After
//	the service is away           503 unavailable with Retry-After; the handler did not run
//
// These errors are problem details (RFC 9457) of type urn:semel:problem:NAME. All of this is the same in every language: client/http.md of
// the repository has the whole of it.
//
// Responses below 500 are stored, but for 401, 403, 408, 425 and 429. These, and those of 500 and above, say that the effect did not happen:
// they go out as they are, and the next request runs again. 502 and 504 leave open whether it did, as does any of them after the attempt
// called SaveBeforeEffects or its context ended: nothing is reported then. [WithStatusPolicy] decides otherwise. If the handler panics, nothing
// is reported either: the lease lapses, and the next attempt is told PreviousAbandoned.
//
// # The handler
//
// It finds its attempt, with fencing token, previous outcome and checkpoint, by semel.AttemptFrom(r.Context()). The context goes on when the
// client disconnects ([WithCancelOnDisconnect] changes that), and is cancelled when the lease is lost. A handler that returns then without a
// word is answered for with 503 not-recorded.
//
// Request and response are held in memory: requests up to [WithMaxBody], responses up to [WithMaxResponse]; what is longer passes through
// while it is written and is not replayed. Streaming is refused: http.Flusher is not there, ResponseController.Flush and Hijack answer
// [ErrStreaming], and a response of type text/event-stream is answered with 500 streaming; its effect is recorded, by its status, without a
// body. Informational responses (1xx) and trailers are not sent.
//
// Where the service does not answer once the handler has run, the response goes out all the same, as the effect has happened: with
// Idempotency-Recorded: false, and an error in the log.
package semelhttp
