package semel

import (
	"fmt"
	"unicode/utf8"
)

// How much of a text is shown in errors that is longer than any key may be.
const mostShownOfLong = 100

// shown is a key, or another text of a caller, as errors show it: whole, unless it is too long to be right.
func shown(text string) string {
	if len(text) <= maxKeyBytes {
		return text
	}
	cut := mostShownOfLong
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:cut], len(text))
}
