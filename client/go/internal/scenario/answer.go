package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A fact is one of nothing, string, token, page, Micros and time.Time. Text also carries numbers, yes and no, and names of states:
// everything that is compared letter by letter.
type fact any

type (
	nothing struct{}
	token   int64
	page    string
)

type namedFact struct {
	name string
	fact fact
}

// answer is what came back, in the words of a transcript: every name that its kind has, nothing where it is absent.
type answer struct {
	kind  string // acquired, ..., error
	word  string // of an error: its reason
	facts []namedFact
}

func (a *answer) add(name string, f fact) { a.facts = append(a.facts, namedFact{name, f}) }

// names are what the names of a transcript stand for: T1 a token, P1 a page token, C1 an instant.
type names struct {
	tokens   map[string]int64
	pages    map[string]string
	instants map[string]time.Time
}

func newNames() *names {
	return &names{map[string]int64{}, map[string]string{}, map[string]time.Time{}}
}

// bind gives the name to the value the first time, and answers whether it stands for it.
func bind[V comparable](named map[string]V, name string, got V) bool {
	if known, ok := named[name]; ok {
		return known == got
	}
	named[name] = got
	return true
}

// mismatch answers what differs; empty: as expected, and the names that appeared for the first time now stand for something.
func (n *names) mismatch(expected *Expectation, got answer) string {
	if expected.Kind != got.kind || expected.Kind == "error" && expected.Word != got.word {
		return "another answer"
	}
	for _, field := range expected.Fields {
		i := slices.IndexFunc(got.facts, func(f namedFact) bool { return f.name == field.Name })
		openEnded := strings.HasPrefix(field.Name, "attribute.") || strings.HasPrefix(field.Name, "meta.")
		switch {
		case i < 0 && !openEnded:
			return fmt.Sprintf("'%s' has nothing called %s", got.kind, field.Name)
		case i < 0 && !n.matches(field.Value, nothing{}), i >= 0 && !n.matches(field.Value, got.facts[i].fact):
			return field.Name + " differs"
		}
	}
	return ""
}

func (n *names) matches(expected Value, got fact) bool {
	// Of a state, none is a name too: previous=none.
	if !expected.Quoted && expected.Text == "none" {
		return got == nothing{} || got == "none"
	}
	switch f := got.(type) {
	case nothing: // "" is as good a name for it as none
		return expected.Quoted && expected.Text == ""
	case string:
		return f == expected.Text
	case token: // NAME or NAME>OTHER
		name, other, greater := strings.Cut(expected.Text, ">")
		if than, known := n.tokens[other]; greater && (!known || int64(f) <= than) {
			return false
		}
		return bind(n.tokens, name, int64(f))
	case page:
		return bind(n.pages, expected.Text, string(f))
	case Micros:
		span, err := parseMicros(expected.Text)
		return err == nil && span == f
	case time.Time:
		return n.matchesInstant(expected.Text, f)
	}
	return false
}

// matchesInstant: NAME, NAME+1h or NAME-1h.
func (n *names) matchesInstant(expected string, got time.Time) bool {
	name := expected
	if sign := strings.IndexAny(expected, "+-"); sign >= 0 {
		name = expected[:sign]
		known, ok := n.instants[name]
		offset, err := parseMicros(expected[sign:])
		return ok && err == nil && known.Add(offset.duration()).Equal(got)
	}
	return bind(n.instants, name, got.UTC())
}

const longText = 64

var plainText = regexp.MustCompile(`^[A-Za-z0-9_./,-]+$`)

func quoted(text string) string {
	if len(text) > longText && strings.Trim(text, "x") == "" {
		return fmt.Sprintf("bytes(%d)", len(text))
	}
	return strconv.Quote(text)
}

func (e *Expectation) String() string {
	text := strings.TrimSpace(e.Kind + " " + e.Word)
	for _, field := range e.Fields {
		value := field.Value.Text
		if field.Value.Quoted {
			value = quoted(value)
		}
		text += " " + field.Name + "=" + value
	}
	return text
}

func (n *names) text(a answer) string {
	text := strings.TrimSpace(a.kind + " " + a.word)
	for _, each := range a.facts {
		if each.fact != (nothing{}) {
			text += " " + each.name + "=" + n.factText(each.fact)
		}
	}
	return text
}

func (n *names) factText(f fact) string {
	switch f := f.(type) {
	case string:
		if len(f) <= longText && plainText.MatchString(f) {
			return f
		}
		return quoted(f)
	case token:
		for name, value := range n.tokens {
			if value == int64(f) {
				return name
			}
		}
	case page:
		for name, value := range n.pages {
			if value == string(f) {
				return name
			}
		}
		return "(a page without a name)"
	case time.Time:
		for name, instant := range n.instants {
			return fmt.Sprintf("%s+%v", name, Micros(f.Sub(instant).Microseconds()))
		}
	}
	return fmt.Sprint(f)
}
