package semel

import "strconv"

// A State says where a key stands. A key without a record has none.
type State int

// The states of a key.
const (
	// StateInProgress: an attempt owns the key. Its lease may have lapsed; the next Begin then decides what becomes of it.
	StateInProgress State = iota + 1
	// StateInDoubt: the owner fell silent and nobody knows whether the side effect happened.
	StateInDoubt
	// StateDone: the side effect was done and its result is stored.
	StateDone
	// StateFailed: the last attempt reported a failure.
	StateFailed
	// StateExpired: the outcome is no longer stored, the key is still remembered.
	StateExpired
)

// String is the state's name in lower case, for example in_progress.
func (s State) String() string {
	switch s {
	case StateInProgress:
		return "in_progress"
	case StateInDoubt:
		return "in_doubt"
	case StateDone:
		return "done"
	case StateFailed:
		return "failed"
	case StateExpired:
		return "expired"
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// Previous says how the attempt before this one ended.
type Previous int

// How an attempt may have ended.
const (
	// PreviousNone: there was none, or none that is still remembered.
	PreviousNone Previous = iota + 1
	// PreviousAbandoned: its lease lapsed without a word. Its effect may have happened, in whole or in part: look before doing it again.
	PreviousAbandoned
	// PreviousFailed: it reported a retryable failure.
	PreviousFailed
	// PreviousReleased: it gave the key back and declared that it had done nothing.
	PreviousReleased
)

// String is the name in lower case, for example abandoned.
func (p Previous) String() string {
	switch p {
	case PreviousNone:
		return "none"
	case PreviousAbandoned:
		return "abandoned"
	case PreviousFailed:
		return "failed"
	case PreviousReleased:
		return "released"
	}
	return "Previous(" + strconv.Itoa(int(p)) + ")"
}
