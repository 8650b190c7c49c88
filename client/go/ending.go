package semel

import "time"

// An Ending says how an attempt ended: a [Result] or a [Failure]. Who does not know whether the effect happened reports nothing: the
// lease lapses, and the next attempt is told so.
type Ending interface{ ending() }

// A Result says that the side effect was done, and what it left behind for those who ask again.
type Result struct {
	// Opaque bytes, at most the namespace's max_result_bytes (1 MiB unless configured otherwise, never above 3 MiB).
	Payload []byte
	// Media type of the payload, at most 128 bytes.
	ContentType string
	// Short facts beside the payload, for example an HTTP status: at most 32, names of 1 to 64 bytes, values of at most 256 bytes, at
	// most 2,048 bytes in all.
	Attributes map[string]string
	// The payload was too large to keep: the effect is done, its answer cannot be replayed. Payload is then empty.
	Omitted bool

	// Set by the server, ignored in requests: the size of the stored payload in bytes, also where it was left out.
	PayloadSize int64
	// Set by the server, ignored in requests: the answer to a batch would have grown too large, [Client.Lookup] fetches the payload.
	PayloadLeftOut bool
}

// A Failure says that the side effect was not done.
type Failure struct {
	// For programs: UPPER_SNAKE_CASE (A-Z, 0-9, _, a letter first), 1 to 64 bytes. Required; Run and a Lease record another one as
	// such a one.
	Reason string
	// For people, at most 512 bytes.
	Message string
	// Opaque bytes, at most 16,384.
	Details []byte
	// True: another attempt may run after RetryAfter. False: the failure is final and is replayed like a result.
	Retryable bool
	// How long to hold back the next attempt, 0 to 7 days. Only with Retryable.
	RetryAfter time.Duration

	// Set by the server, ignored in requests: as Result.PayloadLeftOut.
	DetailsLeftOut bool
}

// A pointer to an ending has its method, too, and counts as what it points to.
func plainEnding(ending Ending) Ending {
	switch e := ending.(type) {
	case *Result:
		if e != nil {
			return *e
		}
	case *Failure:
		if e != nil {
			return *e
		}
	}
	return ending
}

func (Result) ending()  {}
func (Failure) ending() {}
