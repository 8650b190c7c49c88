package semelhttp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	semel "semel.dev/go"
)

// More levels of arrays and objects are no JSON here: other languages do not read as many as encoding/json does.
const mostLevels = 100

// fingerprintOf is semel.Fingerprint of {"method", "path", "query", "content_type", "body"}, the same in every language. The body counts as
// JSON where its type says so and it is UTF-8 without a byte order mark, not too deep, and has a canonical form; else as the hexadecimal
// SHA-256 of its bytes.
func (h *handler) fingerprintOf(r *http.Request, body []byte) ([]byte, error) {
	if h.fingerprint != nil {
		return h.fingerprint(r, body)
	}
	contentType := r.Header.Get("Content-Type")
	if isJSON(contentType) && json.Valid(body) && levelsOf(body) <= mostLevels {
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
		// It has no canonical form, as with numbers beyond 2^53, or is no UTF-8: its bytes tell it apart all the same.
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
		"query":        asciiText(r.URL.RawQuery),
		"content_type": asciiText(contentType),
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

// asciiText percent-encodes the bytes beyond ASCII, which frameworks read as text of one encoding or another.
func asciiText(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c <= unicode.MaxASCII {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// levelsOf is how deep the arrays and objects of a valid JSON text stand in each other.
func levelsOf(text []byte) int {
	level, deepest, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++ // what is escaped ends no string
		case inString:
		case c == '[' || c == '{':
			level++
			deepest = max(deepest, level)
		case c == ']' || c == '}':
			level--
		}
	}
	return deepest
}
