package semel

import "context"

// An Observer is told of every Run and Do, for traces and metrics. Used by many goroutines at once; it must not panic.
type Observer interface {
	// RunBegins is called before the key is begun. The context is that of the run from then on; the function is called with how it ended.
	RunBegins(ctx context.Context, run RunInfo) (context.Context, func(RunEnd))
}

// RunInfo says what is about to run.
type RunInfo struct {
	Namespace string
	Key       string
}

// RunEnd says how a run ended.
type RunEnd struct {
	// What it came to.
	Answer RunAnswer
	// The function was called.
	Ran bool
	// Where it was called: the number of the attempt, and how the one before ended.
	Attempt  int
	Previous Previous
	// The error that Run answers; nil where the effect is done, and after a panic.
	Err error
}

// A RunAnswer is what a run came to, as a label of metrics.
type RunAnswer string

// What a run may come to.
const (
	RunDone        RunAnswer = "done"         // by this run, or before (RunEnd.Ran)
	RunFailed      RunAnswer = "failed"       // by this run, or before (RunEnd.Ran)
	RunInProgress  RunAnswer = "in_progress"  // *AlreadyRunningError
	RunInDoubt     RunAnswer = "in_doubt"     // *InDoubtError
	RunExpired     RunAnswer = "expired"      // *ExpiredError
	RunMismatch    RunAnswer = "mismatch"     // *FingerprintMismatchError
	RunUnknown     RunAnswer = "unknown"      // the function does not know how it ended, or panicked
	RunReleased    RunAnswer = "released"     // the function did nothing
	RunLeaseLost   RunAnswer = "lease_lost"   // *LeaseLostError
	RunNotRecorded RunAnswer = "not_recorded" // *NotRecordedError
	RunNotBegun    RunAnswer = "not_begun"    // the service gave no answer
)
