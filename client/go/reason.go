package semel

import (
	"strings"
	"unicode"
)

// mendedReason makes a reason of any text, as the server takes it: CARD_DECLINED of "card declined".
func mendedReason(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	reason := strings.ToUpper(strings.Join(words, "_"))
	switch {
	case reason == "":
		return reasonOfPlainErrors
	case unicode.IsDigit(rune(reason[0])):
		reason = reasonOfPlainErrors + "_" + reason
	}
	return reason[:min(len(reason), maxReasonBytes)]
}
