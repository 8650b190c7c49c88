// Package scenario reads and runs the conformance transcripts of client/scenarios: through the manual calls of this SDK, against a semeld
// process of its own. The language is described in client/scenarios/README.md.
package scenario

// A Value is a word of a line. Quoted tells "none" the text from none, which says that there is nothing.
type Value struct {
	Text   string
	Quoted bool
}

// A Field is NAME=VALUE; of a word of its own the name is empty.
type Field struct {
	Name  string
	Value Value
}

// An Expectation is what must come back: only what is named is compared.
type Expectation struct {
	Line   int
	Kind   string // acquired, done, ..., error
	Word   string // of an error: its reason
	Fields []Field
}

// An Item is one of a batch.
type Item struct {
	Line   int
	Key    string
	Fields []Field
	Answer *Expectation
}

// A Step is one of *Call, *Later, *Cancel, *Waiting, *Elapse, *StepWallClock and *OnServer.
type Step interface{ step() }

// Call: somebody calls.
type Call struct {
	Line   int
	Who    string
	Verb   string // begin, complete, ...
	Key    string // "" of a listing
	Fields []Field
	Batch  bool
	Items  []Item // of a batch
	Waits  bool   // "&": answered later
	Lost   bool   // "-> lost": the answer never reaches the caller
	Answer *Expectation
}

// Later: what a waiting call is answered. Who is empty: any of those who wait.
type Later struct {
	Who    string
	Answer Expectation
}

// Cancel: a waiting call is called off.
type Cancel struct {
	Line int
	Who  string
}

// Waiting: so many calls wait.
type Waiting struct {
	Line  int
	Count int
}

// Elapse: time passes, for everyone.
type Elapse struct {
	Line int
	By   Micros
}

// StepWallClock: the server's wall clock is moved.
type StepWallClock struct {
	Line int
	By   Micros
}

// OnServer: stop, kill, start or drain.
type OnServer struct {
	Line int
	Act  string
}

func (*Call) step()          {}
func (*Later) step()         {}
func (*Cancel) step()        {}
func (*Waiting) step()       {}
func (*Elapse) step()        {}
func (*StepWallClock) step() {}
func (*OnServer) step()      {}

// A Namespace has a policy.
type Namespace struct {
	Name   string
	Fields []Field
}

// A Scenario is a transcript as it was read.
type Scenario struct {
	File       string
	Namespaces []Namespace // in the order of the file
	Server     []Field
	Steps      []Step
}
