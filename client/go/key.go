package semel

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxKeyBytes = 255
	// With a slash, "sha256:" and 64 digits after it, a key of that first part fits.
	maxFirstPartBytes = 180
)

// NewKey draws a key that nobody else has: a random UUID. For requests that bring no identity of their own; keep it until the outcome is
// known.
func NewKey() string { return NewUUIDv4().String() }

// KeyOf derives a key from parts: text, integers and UUIDs ([UUID], or any [16]byte with a String method). Different parts make different
// keys, in every language the same: each part is percent-encoded but for the unreserved characters of RFC 3986 (A-Z a-z 0-9 - . _ ~), and
// they are joined with slashes.
//
//	semel.KeyOf("order", 17)      // order/17
//	semel.KeyOf("a/b", "c d")     // a%2Fb/c%20d
//
// A key above 255 bytes is "FIRST PART/sha256:HEX" of the whole text, or "sha256:HEX" where the first part has more than 180 bytes.
//
// Errors: no parts; an empty part, which nearly always is an id that is missing; text that is not UTF-8; a part of another type.
func KeyOf(parts ...any) (string, error) {
	if len(parts) == 0 {
		return "", errors.New("semel: a key needs at least one part")
	}
	quoted := make([]string, len(parts))
	for i, part := range parts {
		text, err := partText(part)
		if err != nil {
			return "", fmt.Errorf("semel: part %d of a key: %w", i+1, err)
		}
		quoted[i] = quotePart(text)
	}
	key := strings.Join(quoted, "/")
	if len(key) <= maxKeyBytes {
		return key, nil
	}
	sum := sha256.Sum256([]byte(key))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	if len(quoted[0]) > maxFirstPartBytes {
		return digest, nil
	}
	return quoted[0] + "/" + digest, nil
}

func partText(part any) (string, error) {
	value := reflect.ValueOf(part)
	switch value.Kind() {
	case reflect.String:
		return checkedText(value.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(value.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(value.Uint(), 10), nil
	case reflect.Array:
		named, ok := part.(fmt.Stringer)
		if ok && value.Len() == 16 && value.Type().Elem().Kind() == reflect.Uint8 {
			return checkedText(named.String())
		}
	}
	return "", fmt.Errorf("a %T is neither text, nor an integer, nor a UUID", part)
}

func checkedText(text string) (string, error) {
	switch {
	case text == "":
		return "", errors.New("it is empty: is an id missing?")
	case !utf8.ValidString(text):
		return "", fmt.Errorf("it is not UTF-8: %+q", shown(text))
	}
	return text, nil
}

func quotePart(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// isUnreserved: RFC 3986, section 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}
