package scenario

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9_.]+=`)
	quotePattern = regexp.MustCompile(`^"(?:[^"\\]|\\.)*"`)
	bytesPattern = regexp.MustCompile(`^bytes\((\d+)\)$`)
)

// splitWords is the lexical half of the grammar: words are separated by spaces; "..." holds spaces and escapes (\" \\ \n \xHH); bytes(N) is
// N times the letter x; what follows a word that starts with # is a comment.
func splitWords(rest string) ([]Field, error) {
	var words []Field
	for {
		rest = strings.TrimLeft(rest, " ")
		if rest == "" || rest[0] == '#' {
			return words, nil
		}
		var word Field
		if name := namePattern.FindString(rest); name != "" {
			word.Name = strings.TrimSuffix(name, "=")
			rest = rest[len(name):]
		}
		value, length, err := takeValue(rest)
		if err != nil {
			return nil, err
		}
		word.Value = value
		rest = rest[length:]
		words = append(words, word)
	}
}

func takeValue(rest string) (Value, int, error) {
	if strings.HasPrefix(rest, `"`) {
		quoted := quotePattern.FindString(rest)
		if quoted == "" {
			return Value{}, 0, fmt.Errorf("a quote is not closed")
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return Value{}, 0, fmt.Errorf("%s: %w", quoted, err)
		}
		return Value{Text: text, Quoted: true}, len(quoted), nil
	}
	word, _, _ := strings.Cut(rest, " ")
	if size := bytesPattern.FindStringSubmatch(word); size != nil {
		count, err := strconv.Atoi(size[1])
		return Value{Text: strings.Repeat("x", count), Quoted: true}, len(word), err
	}
	return Value{Text: word}, len(word), nil
}
