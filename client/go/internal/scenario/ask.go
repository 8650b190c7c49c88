package scenario

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	semel "semel.dev/go"
)

// asking is what a call of a transcript says, read field by field. What nobody reads is an error of the transcript.
type asking struct {
	names  *names
	fields []Field
	read   []string
	err    error
}

func (a *asking) find(name string) (Value, bool) {
	a.read = append(a.read, name)
	value, found := Value{}, false
	for _, field := range a.fields {
		if field.Name == name {
			value, found = field.Value, true // the last one counts: an item's, not its batch's
		}
	}
	return value, found
}

func (a *asking) wrongValue(name string, value Value) {
	if a.err == nil {
		a.err = fmt.Errorf("not a value of %s: %s", name, value.Text)
	}
}

func (a *asking) text(name string) (string, bool) {
	value, found := a.find(name)
	return value.Text, found
}

func (a *asking) span(name string) (Micros, bool) {
	value, found := a.find(name)
	if !found {
		return 0, false
	}
	micros, err := parseMicros(value.Text)
	if err != nil {
		a.wrongValue(name, value)
	}
	return micros, true
}

func (a *asking) yes(name string) bool {
	value, found := a.find(name)
	if found && value.Text != "yes" && value.Text != "no" {
		a.wrongValue(name, value)
	}
	return value.Text == "yes"
}

func (a *asking) number(name string) int {
	value, found := a.find(name)
	if !found {
		return 0
	}
	number, err := strconv.Atoi(value.Text)
	if err != nil {
		a.wrongValue(name, value)
	}
	return number
}

func (a *asking) token() int64 {
	value, found := a.find("token")
	if known, ok := a.names.tokens[value.Text]; ok || !found {
		return known
	}
	number, err := strconv.ParseInt(value.Text, 10, 64)
	if err != nil {
		a.wrongValue("token", value)
	}
	return number
}

func (a *asking) page() string {
	value, found := a.find("page")
	known, ok := a.names.pages[value.Text]
	if found && !ok {
		a.wrongValue("page", value)
	}
	return known
}

func (a *asking) attributes() map[string]string {
	var attributes map[string]string
	for _, field := range a.fields {
		if name, ok := strings.CutPrefix(field.Name, "attribute."); ok {
			if attributes == nil {
				attributes = map[string]string{}
			}
			attributes[name] = field.Value.Text
			a.read = append(a.read, field.Name)
		}
	}
	return attributes
}

// done answers what is wrong with the fields.
func (a *asking) done() error {
	for _, field := range a.fields {
		if !slices.Contains(a.read, field.Name) {
			return fmt.Errorf("the call has no field %s", field.Name)
		}
	}
	return a.err
}

func (a *asking) begin(who string) []semel.BeginOption {
	owner, found := a.text("owner")
	if !found {
		owner = who
	}
	options := []semel.BeginOption{semel.WithOwner(owner)}
	if id, found := a.find("id"); found {
		options = append(options, semel.WithAttemptID(attemptID(id)))
	}
	if fingerprint, found := a.text("fingerprint"); found {
		options = append(options, semel.WithFingerprint([]byte(fingerprint)))
	}
	if lease, found := a.span("lease"); found {
		options = append(options, semel.WithLease(lease.duration()))
	}
	if wait, found := a.span("wait"); found {
		options = append(options, semel.WithWait(wait.duration()))
	}
	if ns, found := a.text("ns"); found {
		options = append(options, semel.WithNamespace(ns))
	}
	return options
}

// attemptID: a word stands for 16 bytes, the same word for the same bytes; in quotes it stands for itself.
func attemptID(value Value) []byte {
	if value.Quoted {
		return []byte(value.Text)
	}
	return []byte((value.Text + strings.Repeat(".", semel.AttemptIDBytes))[:semel.AttemptIDBytes])
}

func (a *asking) complete() (int64, semel.Ending, []semel.CompleteOption) {
	var options []semel.CompleteOption
	if retention, found := a.span("retention"); found {
		options = append(options, semel.WithRetention(retention.duration()))
	}
	if ns, found := a.text("ns"); found {
		options = append(options, semel.WithNamespace(ns))
	}
	return a.token(), a.ending(), options
}

func (a *asking) ending() semel.Ending {
	if reason, found := a.text("failure"); found {
		return a.failure(reason)
	}
	payload, hasPayload := a.text("result")
	_, isOmitted := a.find("omitted")
	if !hasPayload && !isOmitted {
		return nil
	}
	contentType, _ := a.text("content_type")
	return semel.Result{Payload: []byte(payload), ContentType: contentType, Attributes: a.attributes(), Omitted: a.yes("omitted")}
}

func (a *asking) failure(reason string) semel.Failure {
	message, _ := a.text("message")
	details, _ := a.text("details")
	after, _ := a.span("retry_after")
	return semel.Failure{Reason: reason, Message: message, Details: []byte(details), Retryable: a.yes("retryable"),
		RetryAfter: after.duration()}
}

func (a *asking) renew() (int64, []semel.RenewOption) {
	var options []semel.RenewOption
	if lease, found := a.span("lease"); found {
		options = append(options, semel.WithLease(lease.duration()))
	}
	if ns, found := a.text("ns"); found {
		options = append(options, semel.WithNamespace(ns))
	}
	return a.token(), options
}

func (a *asking) plain() []semel.CallOption {
	if ns, found := a.text("ns"); found {
		return []semel.CallOption{semel.WithNamespace(ns)}
	}
	return nil
}

func (a *asking) namespace(usual string) string {
	if ns, found := a.text("ns"); found {
		return ns
	}
	return usual
}

func (a *asking) resolve(ns, key, who string) semel.ResolveKeyRequest {
	request := semel.ResolveKeyRequest{Namespace: a.namespace(ns), Key: key, Reason: "as the transcript says", Actor: who,
		Attempt: a.number("attempt")}
	if retention, found := a.span("retention"); found {
		length := retention.duration()
		request.Retention = &length
	}
	if a.yes("absent") {
		request.Resolution = semel.Absent{}
	} else if ending, ok := a.ending().(semel.Resolution); ok {
		request.Resolution = ending
	}
	return request
}

func (a *asking) list(ns string) semel.ListKeysRequest {
	prefix, _ := a.text("prefix")
	request := semel.ListKeysRequest{Namespace: a.namespace(ns), Prefix: prefix, PageSize: a.number("page_size"), PageToken: a.page()}
	if state, found := a.find("state"); found {
		for known := semel.StateInProgress; known <= semel.StateExpired; known++ {
			if known.String() == state.Text {
				request.State = known
			}
		}
		if request.State == 0 {
			a.wrongValue("state", state)
		}
	}
	return request
}

// speaker is who calls, in which namespace, through which clients.
type speaker struct {
	who    string
	ns     string
	names  *names
	client *semel.Client
	admin  *semel.AdminClient
}

// sending makes a call and answers what came back; of a batch also what came of its items.
type sending func(ctx context.Context) (answer, []answer)

func (s speaker) asking(fields ...[]Field) *asking {
	return &asking{names: s.names, fields: slices.Concat(fields...)}
}
