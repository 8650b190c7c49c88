package semelhttp

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	semel "semel.dev/go"
)

// A stored response is a semel.Result: the body, its type, and attributes of these names.
const (
	statusAttribute = "http.status"
	headerAttribute = "http.header." // and the name in lower case

	// What the service takes (record.proto).
	maxTypeBytes           = 128
	maxAttributes          = 32
	maxAttributeNameBytes  = 64
	maxAttributeValueBytes = 256
	maxAttributesBytes     = 2048
)

// resultOf is what is stored of a response, and the names of the headers that are too long for it.
func (h *handler) resultOf(response *recorder) (result semel.Result, left []string) {
	result = semel.Result{Payload: response.body, Omitted: response.passes || response.streams}
	kept := attributes{names: map[string]string{}}
	kept.add(statusAttribute, strconv.Itoa(response.status))
	names := append([]string{"Content-Encoding"}, h.storedHeaders...)
	if contentType := response.sent.Get("Content-Type"); len(contentType) <= maxTypeBytes && utf8.ValidString(contentType) {
		result.ContentType = contentType
	} else {
		names = append([]string{"Content-Type"}, names...)
	}
	for _, name := range names {
		values := response.sent.Values(name)
		if len(values) > 0 && !kept.add(headerAttribute+strings.ToLower(name), strings.Join(values, ", ")) {
			left = append(left, name)
		}
	}
	if result.Omitted {
		result.Payload = nil
	}
	result.Attributes = kept.names
	return result, left
}

type attributes struct {
	names map[string]string
	bytes int
}

// add answers false for what the service would refuse: with it would go all the others.
func (a *attributes) add(name, value string) bool {
	size := len(name) + len(value)
	if len(a.names) == maxAttributes || len(name) > maxAttributeNameBytes || len(value) > maxAttributeValueBytes ||
		a.bytes+size > maxAttributesBytes || !utf8.ValidString(value) {
		return false
	}
	a.names[name] = value
	a.bytes += size
	return true
}

// writeStored answers with a stored response; false where there is none that it could answer with: nothing is written then.
func writeStored(w http.ResponseWriter, result semel.Result) bool {
	status, err := strconv.Atoi(result.Attributes[statusAttribute])
	if err != nil || status < 200 || status > 999 {
		return false // too much of it was refused, or it is not of this package
	}
	header := w.Header()
	header["Content-Type"] = nil // none was sent: net/http must not guess one
	if result.ContentType != "" {
		header.Set("Content-Type", result.ContentType)
	}
	for name, value := range result.Attributes {
		if name, ok := strings.CutPrefix(name, headerAttribute); ok && !isNeverStored(name) {
			header.Set(name, value)
		}
	}
	header.Set("Idempotency-Replayed", "true")
	if result.Omitted {
		header.Set("Idempotency-Body-Omitted", "true")
		header.Del("Content-Encoding")
	}
	if allowsBody(status) {
		header.Set("Content-Length", strconv.Itoa(len(result.Payload)))
	}
	w.WriteHeader(status)
	if len(result.Payload) > 0 {
		_, _ = w.Write(result.Payload) // whoever has gone does not read it
	}
	return true
}
