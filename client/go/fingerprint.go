package semel

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Fingerprint identifies the content of a request, for [WithFingerprint]: the SHA-256 of its canonical JSON (RFC 8785), the same 32 bytes
// in every language.
//
// The value is what encoding/json makes of it; a json.RawMessage is a JSON text as it is; a []byte is no JSON, and hashed as it is.
// leaveOut names what does not count, for example the time of sending, as JSON Pointers (RFC 6901); what is not there is ignored.
//
//	semel.Fingerprint(order, "/sent_at", "/trace/id")
//
// Errors: integers beyond ±(2^53−1), which are not the same number to everybody (say them as text), as floats beyond that which print as
// integers; NaN and infinities; text that is not UTF-8; a member twice; a pointer that is none, or leaves out everything.
func Fingerprint(value any, leaveOut ...string) ([]byte, error) {
	if raw, ok := value.([]byte); ok {
		if len(leaveOut) > 0 {
			return nil, errors.New("semel: nothing can be left out of bytes: give a json.RawMessage")
		}
		sum := sha256.Sum256(raw)
		return sum[:], nil
	}
	canonical, err := canonicalJSON(value, leaveOut)
	if err != nil {
		return nil, fmt.Errorf("semel: no fingerprint: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

func canonicalJSON(value any, leaveOut []string) ([]byte, error) {
	text, isText := value.(json.RawMessage)
	if !isText {
		encoded, err := marshalPlainly(value)
		if err != nil {
			return nil, err
		}
		// encoding/json writes U+FFFD as it is, and this for bytes that are no text: two different values would look the same.
		if hasEscapedReplacement(encoded) {
			return nil, errors.New("a text is not UTF-8")
		}
		text = encoded
	}
	tree, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	if tree, err = leftOut(tree, leaveOut); err != nil {
		return nil, err
	}
	return canonical(tree)
}

func marshalPlainly(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return buffer.Bytes(), err
}

func hasEscapedReplacement(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if unit, ok := escapedUnit(text[i:]); ok && unit == utf8.RuneError {
			return true
		}
		i++ // what is escaped is no escape
	}
	return false
}
