package semel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// repeat says what a repeated call does.
type repeat int

const (
	repeatAsItself repeat = iota // carries an attempt id or a token: the server knows it again
	repeatAsBefore               // changes nothing, or nothing that the first did not change
	repeatAnew                   // does it once more: not repeated where the try before may have been done
)

func (r repeat) advice() string {
	switch r {
	case repeatAsItself:
		return "repeat it with the same attempt id or token"
	case repeatAsBefore:
		return "it is safe to repeat"
	}
	return "look before you repeat it"
}

// callPlan says how long one call may take, with all its tries and for each of them, and when it is tried again.
type callPlan struct {
	call   string // names it in errors, for example "Begin of order/17"
	total  time.Duration
	perTry time.Duration
	repeat repeat
	// It tells how the attempt stands (Complete, Release, Renew): it takes nothing from the retry budget, because losing it is worse than
	// one more request.
	report bool
}

// failedTry is how one try failed; nil stands for success.
type failedTry struct {
	err *Error
	// Nothing was sent.
	notSent bool
}

// tries is what is known of a call over all its tries.
type tries struct {
	begin           time.Time
	count           int
	timeouts        int
	mayHaveBeenDone bool
}

// repeatedly calls try, which makes one try within the timeout, until there is an answer. The error is an *Error.
func (c *connection) repeatedly(ctx context.Context, plan callPlan, try func(ctx context.Context, timeout time.Duration) *failedTry) error {
	known := tries{begin: time.Now()}
	deadline := known.begin.Add(plan.total)
	ends, ofCaller := ctx.Deadline()
	if ofCaller = ofCaller && ends.Before(deadline); ofCaller {
		deadline = ends
	}
	if err := c.ended(ctx); err != nil {
		return known.calledOff(plan, &Error{Message: "not sent"}, err)
	}
	pauses := newBackoff(c.retry.InitialBackoff, c.retry.MaxBackoff, c.retry.Multiplier)
	for {
		failed := try(ctx, min(plan.perTry, time.Until(deadline)))
		known.count++
		if failed == nil {
			c.budget.succeeded()
			return nil
		}
		if err := failed.err; err.isNotTrusted() {
			return known.final(plan, c.notTrusted(err))
		}
		// The last word is about the last try; an earlier one, whose answer was lost, may have been done all the same.
		if !failed.err.worthAnotherTry() && !(plan.report && failed.err.isOfToken()) {
			known.mayHaveBeenDone = known.mayHaveBeenDone || failed.err.isUnreadableAnswer()
			return known.final(plan, failed.err)
		}
		known.mayHaveBeenDone = known.mayHaveBeenDone || failed.mayHaveBeenDone()
		if failed.err.Code == codes.DeadlineExceeded {
			known.timeouts++
		}
		if err := c.ended(ctx); err != nil {
			return known.calledOff(plan, failed.err, err)
		}
		pause := pauses.next(failed.err.RetryDelay)
		tooLate := time.Now().Add(pause).After(deadline)
		if tooLate && ofCaller {
			return known.calledOff(plan, failed.err, context.DeadlineExceeded)
		}
		if tooLate || !c.mayTryAgain(plan, known) {
			return c.gaveUp(plan, known, failed.err, false)
		}
		if !plan.report && known.costs(failed.err) && !c.budget.take() {
			return c.gaveUp(plan, known, failed.err, true)
		}
		if err := c.pause(ctx, pause); err != nil {
			return known.calledOff(plan, failed.err, err)
		}
	}
}

func (c *connection) mayTryAgain(plan callPlan, known tries) bool {
	return known.count < c.retry.MaxTries && !(plan.repeat == repeatAnew && known.mayHaveBeenDone)
}

// costs tells whether another try takes from the retry budget: where the server says that it is in trouble, or is silent once more.
//
// A connection that breaks, or a server that pauses, takes all calls of a Client with it: if these cost, a crowd would fail for what is over
// a moment later.
func (t tries) costs(last *Error) bool {
	switch last.Code {
	case codes.Unavailable:
		return last.hasDetails
	case codes.DeadlineExceeded:
		return t.timeouts > 1
	}
	return false
}

// ended answers why nobody waits for the call any longer: the error of its context, or ErrClosed.
func (c *connection) ended(ctx context.Context) error {
	if c.isClosing() {
		return ErrClosed
	}
	return ctx.Err()
}

func (c *connection) pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return ErrClosed
	}
}

// mayHaveBeenDone tells whether the server may have done what the try asked for. Without a sure sign that it has not: yes.
func (f *failedTry) mayHaveBeenDone() bool {
	return !f.notSent && f.err.Reason != ErrOverloaded && f.err.Reason != ErrDraining
}

func (e *Error) worthAnotherTry() bool {
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded:
		return e.Reason != ErrBackupFailed
	}
	return e.isBrokenConnection()
}

// isBrokenConnection: neither the server's rules nor its storage said this, and gRPC found no better word for it.
func (e *Error) isBrokenConnection() bool {
	switch e.Code {
	case codes.Unknown, codes.Canceled:
		return !e.hasDetails
	case codes.Internal:
		return !e.hasDetails && !e.isUnreadable()
	}
	return false
}

// isUnreadable: one of both sides could not read or write the message, and never will. gRPC's text is all that tells.
func (e *Error) isUnreadable() bool {
	return e.told == "Unable to parse request" || strings.HasPrefix(e.told, "grpc: error while marshaling") ||
		strings.HasPrefix(e.told, "grpc: failed to unmarshal") || e.told == ""
}

// isUnreadableAnswer: the server did what it was asked, and what it says of it cannot be read.
func (e *Error) isUnreadableAnswer() bool {
	switch e.Code {
	case codes.Internal:
		return !e.hasDetails && (e.told == "" || strings.HasPrefix(e.told, "grpc: failed to unmarshal"))
	case codes.ResourceExhausted:
		return !e.hasDetails && strings.HasPrefix(e.told, "grpc: received message larger than max")
	}
	return false
}

// isOfToken: the token could not be had, or a proxy does not take it. The next one may be there in a moment, and a report can wait for it.
func (e *Error) isOfToken() bool {
	return e.Code == codes.Unauthenticated && !e.hasDetails
}

// isNotTrusted: the other side is not the one that the options trust, and no try will change that.
func (e *Error) isNotTrusted() bool {
	return e.Code == codes.Unavailable && strings.Contains(e.told, "authentication handshake failed") && strings.Contains(e.told, "x509: ")
}

func (c *connection) notTrusted(err *Error) *Error {
	return &Error{Code: codes.Unauthenticated, told: err.told, Message: fmt.Sprintf(
		"the certificate of %s is not trusted: it has to be signed by TLS.CAFile (empty: by a root of this machine) and to name the host "+
			"of the address (or WithAuthority). Nothing was changed (%s)", c.address, err.told)}
}

// final completes the error of a call that no other try would mend.
func (t tries) final(plan callPlan, err *Error) *Error {
	err.Call, err.Tries, err.OutcomeUnknown = plan.call, t.count, t.mayHaveBeenDone
	return err
}

func (t tries) known(plan callPlan) string {
	if t.mayHaveBeenDone {
		return "it may or may not have been done; " + plan.repeat.advice()
	}
	return "nothing was changed"
}

func (c *connection) gaveUp(plan callPlan, known tries, last *Error, budgetEmpty bool) *Error {
	err := *last
	word := "tries"
	if known.count == 1 {
		word = "try"
	}
	err.Message = fmt.Sprintf("no answer from %s in %d %s over %.1f s: %s (last error: %s)",
		c.address, known.count, word, time.Since(known.begin).Seconds(), known.known(plan), last.Message)
	if budgetEmpty {
		err.BudgetEmpty = true
		err.Message += "; not tried again, because the retry budget is empty: too many calls were refused lately"
	}
	return known.final(plan, &err)
}

// calledOff: the caller's context ended, or the client was closed.
func (t tries) calledOff(plan callPlan, last *Error, why error) *Error {
	err := *last
	err.Code, err.cause = codes.Canceled, why
	if errors.Is(why, context.DeadlineExceeded) {
		err.Code = codes.DeadlineExceeded
	}
	err.Message = fmt.Sprintf("%v: %s (last error: %s)", why, t.known(plan), last.Message)
	return t.final(plan, &err)
}
