package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var verbs = []string{"begin", "complete", "lookup", "renew", "release", "checkpoint", "resolve", "delete", "list"}

var manyPattern = regexp.MustCompile(`^(.*)\{1\.\.(\d+)\}$`)

// Parse reads a transcript line by line. Errors say file:line and what was expected there.
func Parse(file, text string) (*Scenario, error) {
	p := &parser{scenario: &Scenario{File: file}}
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.readLine(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, p.line, err)
		}
	}
	return p.scenario, nil
}

type parser struct {
	scenario *Scenario
	line     int
}

func wrong(expected string) error { return fmt.Errorf("expected %s", expected) }

// word is the i-th word, where it is one of its own.
func word(words []Field, i int) string {
	if i < 0 || i >= len(words) || words[i].Name != "" {
		return ""
	}
	return words[i].Value.Text
}

func (p *parser) add(step Step) error {
	p.scenario.Steps = append(p.scenario.Steps, step)
	return nil
}

func (p *parser) readLine(line string) error {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	words, err := splitWords(line)
	switch {
	case err != nil || len(words) == 0:
		return err
	case indent > 0 && word(words, 0) == "->":
		return p.readAnswer(words, indent)
	case indent > 0 && word(words, 0) == "-":
		return p.readItem(words)
	case indent > 0:
		return wrong("'-> answer' or '- item' on an indented line")
	case word(words, 0) == "namespace" || word(words, 0) == "server:":
		return p.readSetting(words)
	}
	return p.readStep(words)
}

func (p *parser) readSetting(words []Field) (err error) {
	if len(p.scenario.Steps) > 0 {
		return wrong("settings before the first step")
	}
	if word(words, 0) == "server:" {
		p.scenario.Server, err = fieldsFrom(words, 1)
		return err
	}
	name, ok := strings.CutSuffix(word(words, 1), ":")
	if !ok {
		return wrong("'namespace NAME: ...'")
	}
	fields, err := fieldsFrom(words, 2)
	p.scenario.Namespaces = append(p.scenario.Namespaces, Namespace{name, fields})
	return err
}

func (p *parser) readStep(words []Field) error {
	first, second := word(words, 0), word(words, 1)
	switch {
	case first == "elapse" && len(words) == 2:
		by, err := parseMicros(second)
		if err != nil || by < 0 {
			return wrong("a duration, like 31s or 1h30m")
		}
		return p.add(&Elapse{p.line, by})
	case first == "wall" && second == "clock" && len(words) == 3:
		by, err := parseMicros(word(words, 2))
		if err != nil {
			return wrong("'wall clock +1h' or 'wall clock -1h'")
		}
		return p.add(&StepWallClock{p.line, by})
	case second == "server" && len(words) == 2:
		return p.readOnServer(first)
	case first == "cancel" && len(words) == 2:
		return p.add(&Cancel{p.line, second})
	case first == "waiting" && len(words) == 2:
		count, err := strconv.Atoi(second)
		if err != nil {
			return wrong("'waiting NUMBER'")
		}
		return p.add(&Waiting{p.line, count})
	case second == "->":
		answer, err := p.readExpectation(words, 2)
		if first == "someone" {
			first = ""
		}
		return firstError(err, func() error { return p.add(&Later{first, answer}) })
	case strings.HasSuffix(first, ":"):
		return p.readCall(words, strings.TrimSuffix(first, ":"))
	}
	return wrong("a step: 'who: call key ...', 'who -> answer', elapse, waiting, cancel, wall clock, or what becomes of the server")
}

func firstError(err error, otherwise func() error) error {
	if err != nil {
		return err
	}
	return otherwise()
}

func (p *parser) readOnServer(act string) error {
	switch act {
	case "stop", "kill", "start", "drain":
		return p.add(&OnServer{p.line, act})
	case "restart":
		p.scenario.Steps = append(p.scenario.Steps, &OnServer{p.line, "stop"})
		return p.add(&OnServer{p.line, "start"})
	}
	return wrong("stop, kill, start, restart or drain before 'server'")
}

func (p *parser) readCall(words []Field, who string) (err error) {
	call := &Call{Line: p.line, Who: who}
	next := 1
	if call.Batch = word(words, next) == "batch"; call.Batch {
		next++
	}
	call.Verb = word(words, next)
	next++
	if !slices.Contains(verbs, call.Verb) {
		return wrong("begin, complete, lookup, renew, release, checkpoint, resolve, delete or list")
	}
	last := words[len(words)-1]
	if call.Waits = last.Name == "" && last.Value == (Value{Text: "&"}); call.Waits {
		words = words[:len(words)-1]
	}
	if !call.Batch && call.Verb != "list" {
		if next >= len(words) || words[next].Name != "" {
			return wrong("a key")
		}
		call.Key = words[next].Value.Text
		next++
	}
	if call.Fields, err = fieldsFrom(words, next); err != nil {
		return err
	}
	return p.add(call)
}

// readItem reads "- key ..." below a batch; key{1..N} stands for N items.
func (p *parser) readItem(words []Field) error {
	call := p.lastCall()
	if call == nil || !call.Batch || len(words) < 2 {
		return wrong("a batch above, and '- key ...'")
	}
	fields, err := fieldsFrom(words, 2)
	if err != nil {
		return err
	}
	key := words[1].Value
	many := manyPattern.FindStringSubmatch(key.Text)
	if many == nil || key.Quoted {
		call.Items = append(call.Items, Item{Line: p.line, Key: key.Text, Fields: fields})
		return nil
	}
	count, err := strconv.Atoi(many[2])
	for i := 1; i <= count; i++ {
		call.Items = append(call.Items, Item{Line: p.line, Key: many[1] + strconv.Itoa(i), Fields: fields})
	}
	return err
}

// readAnswer: an answer belongs to the item above it when it stands further in than the item's dash, else to the call.
func (p *parser) readAnswer(words []Field, indent int) error {
	call := p.lastCall()
	if call == nil {
		return wrong("a call above its answer")
	}
	answer, err := p.readExpectation(words, 1)
	if err != nil {
		return err
	}
	if len(call.Items) > 0 && indent >= 4 {
		itemLine := call.Items[len(call.Items)-1].Line
		for i := range call.Items {
			if call.Items[i].Line == itemLine {
				call.Items[i].Answer = &answer
			}
		}
		return nil
	}
	if call.Answer != nil || call.Lost {
		return wrong("one answer for a call")
	}
	if call.Lost = answer.Kind == "lost"; !call.Lost {
		call.Answer = &answer
	}
	return nil
}

func (p *parser) lastCall() *Call {
	if len(p.scenario.Steps) == 0 {
		return nil
	}
	call, _ := p.scenario.Steps[len(p.scenario.Steps)-1].(*Call)
	return call
}

func (p *parser) readExpectation(words []Field, from int) (answer Expectation, err error) {
	answer = Expectation{Line: p.line, Kind: word(words, from)}
	from++
	if answer.Kind == "" {
		return answer, wrong("an answer after '->'")
	}
	if answer.Kind == "error" {
		answer.Word = word(words, from)
		from++
	}
	answer.Fields, err = fieldsFrom(words, from)
	return answer, err
}

func fieldsFrom(words []Field, from int) ([]Field, error) {
	if from >= len(words) {
		return nil, nil
	}
	for _, each := range words[from:] {
		if each.Name == "" {
			return nil, wrong(fmt.Sprintf("name=value instead of '%s'", each.Value.Text))
		}
	}
	return words[from:], nil
}
