package semel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// The largest integer that a JSON number is to everybody (RFC 8259, section 6).
const maxExactInteger = 1<<53 - 1

// canonical answers the tree as RFC 8785 says.
func canonical(tree any) ([]byte, error) {
	plain, err := marshalPlainly(tree)
	if err != nil {
		return nil, err
	}
	// In brackets: the library reads no number that stands alone.
	text := append(append([]byte{'['}, bytes.TrimSpace(plain)...), ']')
	transformed, err := jcs.Transform(text)
	if err != nil {
		return nil, err
	}
	return transformed[1 : len(transformed)-1], nil
}

// readJSON reads one JSON text into map[string]any, []any, string, json.Number, bool and nil. It is stricter than encoding/json, which
// takes what it can get: no member twice, no half characters, no integer that is not the same number to everybody.
func readJSON(text []byte) (any, error) {
	if !utf8.Valid(text) || hasLoneSurrogate(text) {
		return nil, errors.New("a text is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	tree, err := readValue(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON text")
	}
	return tree, nil
}

func readValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return readObject(decoder)
		}
		return readArray(decoder)
	case json.Number:
		return t, checkNumber(t.String())
	}
	return token, nil
}

func readObject(decoder *json.Decoder) (any, error) {
	members := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder sees to it
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("the member %q is there twice", name)
		}
		if members[name], err = readValue(decoder); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()
	return members, err
}

func readArray(decoder *json.Decoder) (any, error) {
	elements := []any{}
	for decoder.More() {
		element, err := readValue(decoder)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	_, err := decoder.Token()
	return elements, err
}

func checkNumber(number string) error {
	if strings.ContainsAny(number, ".eE") {
		_, err := strconv.ParseFloat(number, 64)
		return err
	}
	integer, err := strconv.ParseInt(number, 10, 64)
	if err != nil || integer > maxExactInteger || integer < -maxExactInteger {
		return fmt.Errorf("the integer %s is beyond ±(2^53−1): say it as text", number)
	}
	return nil
}

// hasLoneSurrogate finds escapes like \ud800 that are half of a character. Outside of strings there are no backslashes in JSON.
func hasLoneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		first, ok := escapedUnit(text[i:])
		if !ok {
			i++ // another escape
			continue
		}
		i += 5
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escapedUnit(text[i+1:])
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escapedUnit reads \uXXXX.
func escapedUnit(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
