package semel

import "time"

// An Outcome is what a Run or a Do gives back of an effect that is done.
type Outcome struct {
	// The key that it was done for.
	Key string
	// The effect was done by an earlier attempt, or elsewhere; the function was not called.
	Replayed bool
	// What the effect left behind. Of this attempt it is whole, also where it could not be stored so.
	Result Result
	// Of this attempt: the payload could not be stored, because it was too large, could not be encoded, or a field of the result was
	// refused. Replayed: there was none to store. Either way those who ask again get no payload.
	Omitted bool
	// Of this attempt: what the server refused of the report, for people; the rest is recorded. Empty: all is.
	Refused string
	// Of this attempt: the fields that the record lacks, for programs; see Recorded.
	LeftOut []string
	// Of this attempt: its fencing token and its number. Zero where replayed.
	Token   int64
	Attempt int
	// Until when the outcome is replayed, by the server's clock.
	ExpireTime time.Time

	codec Codec
}

// Decode sets what `into` points to, as the codec says; a *Result gets the result as it is. Where the payload was omitted it changes
// nothing. Errors: *[DecodeError].
func (o *Outcome) Decode(into any) error {
	if result, ok := into.(*Result); ok {
		*result = o.Result
		return nil
	}
	if o.Result.Omitted {
		return nil
	}
	if err := o.codec.Decode(o.Result.Payload, o.Result.ContentType, into); err != nil {
		return &DecodeError{Key: o.Key, ContentType: o.Result.ContentType, Err: err}
	}
	return nil
}

// A TypedOutcome is an [Outcome] with the function's value.
type TypedOutcome[T any] struct {
	Outcome
	// What the function returned, or what it returned then. The zero value where an omitted result is replayed.
	Value T
}
