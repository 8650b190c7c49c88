package semelhttp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	semel "semel.dev/go"
)

// fingerprintOf is semel.Fingerprint of {"method", "path", "query", "content_type", "body"}, the same in every language. The body counts as
// JSON where its type says so and it has a canonical form, else as the hexadecimal SHA-256 of its bytes.
func (h *handler) fingerprintOf(r *http.Request, body []byte) ([]byte, error) {
	if h.fingerprint != nil {
		return h.fingerprint(r, body)
	}
	contentType := r.Header.Get("Content-Type")
	if isJSON(contentType) && json.Valid(body) {
		leaveOut := make([]string, len(h.leaveOut))
		for i, pointer := range h.leaveOut {
			leaveOut[i] = "/body" + pointer
		}
		text, err := requestText(r, contentType, body)
		if err != nil {
			return nil, err
		}
		if fingerprint, err := semel.Fingerprint(text, leaveOut...); err == nil {
			return fingerprint, nil
		}
		// JSON without a canonical form, as with numbers beyond 2^53: its bytes tell it apart all the same.
	}
	sum := sha256.Sum256(body)
	text, err := requestText(r, contentType, []byte(`"`+hex.EncodeToString(sum[:])+`"`))
	if err != nil {
		return nil, err
	}
	return semel.Fingerprint(text)
}

// requestText is a JSON text with the body in it as it is: encoding/json would change how it is written.
func requestText(r *http.Request, contentType string, body []byte) (json.RawMessage, error) {
	frame, err := json.Marshal(map[string]string{
		"method":       r.Method,
		"path":         pathOf(r),
		"query":        plainText(r.URL.RawQuery),
		"content_type": plainText(contentType),
	})
	if err != nil {
		return nil, fmt.Errorf("semelhttp: no fingerprint: %w", err)
	}
	text := append(frame[:len(frame)-1], `,"body":`...)
	return append(append(text, body...), '}'), nil
}

func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// plainText quotes the bytes that are no text, so that different ones stay different.
func plainText(text string) string {
	var b strings.Builder
	for i, r := range text {
		if r == '\uFFFD' && !strings.HasPrefix(text[i:], "\uFFFD") {
			fmt.Fprintf(&b, "%%%02X", text[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
