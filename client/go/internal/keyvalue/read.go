// Package keyvalue reads idempotency keys as clients send them.
package keyvalue

import (
	"errors"
	"fmt"
	"strings"
)

// Read reads the key from the values of its header, of which there is at least one: a String of RFC 8941 (section 3.3.3), or the bare value
// that many clients send. The quotes are not part of the key: "k" and k are the same. The same in every language.
func Read(values []string) (string, error) {
	if len(values) > 1 {
		return "", fmt.Errorf("there are %d of them", len(values))
	}
	value := strings.Trim(values[0], " \t")
	switch {
	case value == "":
		return "", errors.New("it is empty")
	case value[0] == '"':
		return quotedString(value)
	}
	return value, checkBare(value)
}

func quotedString(value string) (string, error) {
	var key strings.Builder
	for i := 1; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '"' && i < len(value)-1:
			return "", errors.New("something follows the closing quote")
		case c == '"' && key.Len() == 0:
			return "", errors.New("it is empty")
		case c == '"':
			return key.String(), nil
		case c == '\\':
			i++
			if i == len(value) || value[i] != '"' && value[i] != '\\' {
				return "", errors.New("a backslash stands before neither a quote nor a backslash")
			}
			c = value[i]
		case c < ' ' || c > '~':
			return "", errors.New("it has more than printable ASCII")
		}
		key.WriteByte(c)
	}
	return "", errors.New("the closing quote is missing")
}

// checkBare refuses what looks like two values that a proxy joined, or like half of a string.
func checkBare(value string) error {
	for _, c := range []byte(value) {
		switch {
		case c < ' ' || c > '~':
			return errors.New("it has more than printable ASCII")
		case c == ' ' || c == ',' || c == '"':
			return errors.New("spaces, commas and quotes need quotes around the key")
		}
	}
	return nil
}
