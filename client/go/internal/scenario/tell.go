package scenario

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
)

// What the SDK answers, in the words of a transcript.

func text(t string) fact {
	if t == "" {
		return nothing{}
	}
	return t
}

func number[N int | int64](n N) fact { return strconv.FormatInt(int64(n), 10) }

func yesNo(yes bool) fact {
	if yes {
		return "yes"
	}
	return "no"
}

func span(d time.Duration) fact { return Micros(d.Microseconds()) }

// spanIf: where the SDK has no other word for "absent" than zero.
func spanIf(present bool, d time.Duration) fact {
	if !present {
		return nothing{}
	}
	return span(d)
}

func instant(t time.Time) fact {
	if t.IsZero() {
		return nothing{}
	}
	return t
}

func (a *answer) addResult(r semel.Result) {
	if r.PayloadLeftOut {
		a.add("result", nothing{})
	} else {
		a.add("result", string(r.Payload))
	}
	a.add("content_type", text(r.ContentType))
	a.add("omitted", yesNo(r.Omitted))
	a.add("size", number(r.PayloadSize))
	a.add("left_out", yesNo(r.PayloadLeftOut))
	for name, value := range r.Attributes {
		a.add("attribute."+name, value)
	}
}

func (a *answer) addFailure(f semel.Failure) {
	a.add("failure", text(f.Reason))
	a.add("message", text(f.Message))
	a.add("details", text(string(f.Details)))
	a.add("retryable", yesNo(f.Retryable))
}

func tellBegin(begun semel.BeginAnswer) answer {
	switch b := begun.(type) {
	case *semel.Acquired:
		return answer{"acquired", "", []namedFact{{"token", token(b.Token)}, {"attempt", number(b.Attempt)}, {"lease", span(b.Lease)},
			{"previous", b.Previous.String()}, {"checkpoint", text(string(b.Checkpoint))}}}
	case *semel.Done:
		a := answer{kind: "done"}
		a.addResult(b.Result)
		a.add("completed", instant(b.CompleteTime))
		a.add("expires", instant(b.ExpireTime))
		return a
	case *semel.Failed:
		a := answer{kind: "failed"}
		a.addFailure(b.Failure)
		a.add("retry_after", spanIf(b.Failure.Retryable, b.RetryAfter))
		a.add("attempt", number(b.Attempt))
		return a
	case *semel.InProgress:
		return answer{"in_progress", "", []namedFact{{"owner", text(b.Owner)}, {"attempt", number(b.Attempt)},
			{"remaining", span(b.LeaseRemaining)}, {"retry_after", span(b.RetryAfter)}}}
	case *semel.InDoubt:
		return answer{"in_doubt", "", []namedFact{{"owner", text(b.Owner)}, {"since", instant(b.Since)},
			{"checkpoint", text(string(b.Checkpoint))}}}
	case *semel.Expired:
		return answer{"expired", "", []namedFact{{"completed", instant(b.CompleteTime)}}}
	}
	return answer{kind: "(an answer that says nothing)"}
}

func tellCompleted(c *semel.Completed) answer {
	return answer{"completed", "", []namedFact{{"state", c.State.String()}, {"expires", instant(c.ExpireTime)},
		{"already_applied", yesNo(c.AlreadyApplied)}, {"made_final", yesNo(c.MadeFinal)}}}
}

func tellRecord(r *semel.Record) answer {
	if r == nil {
		return answer{kind: "no_record"}
	}
	a := answer{kind: "record"}
	a.add("state", r.State.String())
	a.add("attempt", number(r.Attempt))
	a.add("owner", text(r.Owner))
	a.add("fingerprint", text(string(r.Fingerprint)))
	a.add("created", instant(r.CreateTime))
	a.add("remaining", spanIf(r.State == semel.StateInProgress, r.LeaseRemaining))
	a.add("effects_began", yesNo(r.EffectsBegan))
	a.add("checkpoint", text(string(r.Checkpoint)))
	a.add("previous", r.Previous.String())
	a.add("since", instant(r.InDoubtSince))
	a.add("completed", instant(r.CompleteTime))
	a.add("expires", instant(r.ExpireTime))
	a.add("forgotten", instant(r.ForgetTime))
	result, isResult := r.Ending.(semel.Result)
	failure, isFailure := r.Ending.(semel.Failure)
	if isResult {
		a.addResult(result)
	} else {
		a.add("result", nothing{})
	}
	if isFailure {
		a.addFailure(failure)
	} else {
		a.add("failure", nothing{})
	}
	return a
}

func tellRenewed(lease time.Duration) answer {
	return answer{"renewed", "", []namedFact{{"lease", span(lease)}}}
}

func tellCheckpointed(remaining time.Duration) answer {
	return answer{"checkpointed", "", []namedFact{{"remaining", span(remaining)}}}
}

func tellResolved(r *semel.Resolved) answer {
	var state fact = nothing{}
	if r.State != 0 {
		state = r.State.String()
	}
	return answer{"resolved", "", []namedFact{{"state", state}, {"expires", instant(r.ExpireTime)},
		{"already_applied", yesNo(r.AlreadyApplied)}}}
}

func tellListed(listed *semel.KeysPage) answer {
	var keys, states []string
	for _, key := range listed.Keys {
		keys = append(keys, key.Key)
		states = append(states, key.Record.State.String())
	}
	var next fact = nothing{}
	if listed.NextPageToken != "" {
		next = page(listed.NextPageToken)
	}
	return answer{"listed", "", []namedFact{{"keys", text(strings.Join(keys, ","))}, {"states", text(strings.Join(states, ","))},
		{"next", next}}}
}

func tellError(err error) answer {
	var told *semel.Error
	if !errors.As(err, &told) {
		return answer{"error", "(not an *Error: " + err.Error() + ")", nil}
	}
	code := codeName(told.Code)
	a := answer{"error", code, []namedFact{{"code", code}}}
	if told.Reason != "" {
		a.word = string(told.Reason)
	}
	fields := make([]string, len(told.Violations))
	for i, violation := range told.Violations {
		fields[i] = violation.Field
	}
	a.add("retry", yesNo(told.RetryDelay > 0))
	a.add("field", text(strings.Join(fields, ",")))
	for name, value := range told.Metadata {
		a.add("meta."+name, value)
	}
	return a
}

// codeName is as google.rpc.Code has it: INVALID_ARGUMENT of InvalidArgument.
func codeName(code codes.Code) string {
	var b strings.Builder
	for i, r := range code.String() {
		if i > 0 && 'A' <= r && r <= 'Z' && code != codes.OK {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	if code == codes.Canceled {
		return "CANCELLED"
	}
	return strings.ToUpper(b.String())
}
