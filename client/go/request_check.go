package semel

import (
	"fmt"
	"unicode/utf8"

	"semel.dev/go/semelv1"
)

// What no server could tell: text that is not UTF-8 makes a whole message unreadable, and what is too large for a message is refused
// without a word about the field. Everything else is the server's to check.

const (
	// More than any namespace may allow, and about as much as a message carries.
	maxResultBytes = 3 << 20
	// Many times what any server takes of a field, and so little that all of them fit into a message.
	maxFieldBytes = 128 << 10
	// How much of a wrong text is shown.
	mostShown = 40
)

type violations []FieldViolation

func (v *violations) text(field, value string) {
	if utf8.ValidString(value) {
		return
	}
	shown := value
	if len(shown) > mostShown {
		shown = shown[:mostShown]
	}
	*v = append(*v, FieldViolation{field, fmt.Sprintf("has to be UTF-8; came %+q", shown)})
}

func (v *violations) size(field string, size int) {
	if size > maxFieldBytes {
		*v = append(*v, FieldViolation{field, fmt.Sprintf("has %d bytes, more than any server takes", size)})
	}
}

func (v *violations) key(namespace, key string) {
	v.text("namespace", namespace)
	v.size("namespace", len(namespace))
	v.text("key", key)
	v.size("key", len(key))
}

func (v *violations) err(call string) error {
	if len(*v) == 0 {
		return nil
	}
	return refusedHere(call, ErrFieldInvalid, *v...)
}

func checkBegin(call string, request *semelv1.BeginRequest) error {
	var wrong violations
	wrong.key(request.GetNamespace(), request.GetKey())
	wrong.text("owner", request.GetOwner())
	wrong.size("owner", len(request.GetOwner()))
	wrong.size("fingerprint", len(request.GetFingerprint()))
	return wrong.err(call)
}

func checkKey(call, namespace, key string) error {
	var wrong violations
	wrong.key(namespace, key)
	return wrong.err(call)
}

func checkComplete(call string, request *semelv1.CompleteRequest) error {
	var wrong violations
	wrong.key(request.GetNamespace(), request.GetKey())
	wrong.result(request.GetResult())
	wrong.failure(request.GetFailure())
	if err := wrong.err(call); err != nil {
		return err
	}
	if size := len(request.GetResult().GetPayload()); size > maxResultBytes {
		return refusedHere(call, ErrResultTooLarge, FieldViolation{"result.payload", fmt.Sprintf(
			"has %d bytes, more than the %d that can be stored: complete with Result.Omitted instead", size, maxResultBytes)})
	}
	return nil
}

func (v *violations) result(result *semelv1.Result) {
	v.text("result.content_type", result.GetContentType())
	v.size("result.content_type", len(result.GetContentType()))
	attributes := 0
	for name, value := range result.GetAttributes() {
		v.text("result.attributes", name)
		v.text("result.attributes", value)
		attributes += len(name) + len(value)
	}
	v.size("result.attributes", attributes)
}

func (v *violations) failure(failure *semelv1.Failure) {
	v.text("failure.reason", failure.GetReason())
	v.size("failure.reason", len(failure.GetReason()))
	v.text("failure.message", failure.GetMessage())
	v.size("failure.message", len(failure.GetMessage()))
	v.size("failure.details", len(failure.GetDetails()))
}
