package semel

import (
	"time"
)

// What one call does differently from the others of its Client. Which options a call takes is told by their types:
//
//	BeginOption     Begin, Acquire, BeginRequest
//	RunOption       Run, Do: all BeginOptions but WithAttemptID, and more
//	CompleteOption  Complete, CompleteRequest, Lease.Complete, Lease.Fail
//	RenewOption     Renew, RenewRequest
//	CallOption      every call
type callSettings struct {
	namespace   *string
	timeout     time.Duration
	fingerprint []byte
	attemptID   []byte
	lease       *time.Duration
	wait        time.Duration
	owner       *string
	retention   *time.Duration
	codec       Codec
	policy      ErrorPolicy
}

type setting interface{ set(*callSettings) }

// A BeginOption changes one Begin.
type BeginOption interface {
	setting
	forBegin()
}

// A RunOption changes one Run or Do.
type RunOption interface {
	setting
	forRun()
}

// A CompleteOption changes one Complete.
type CompleteOption interface {
	setting
	forComplete()
}

// A RenewOption changes one Renew.
type RenewOption interface {
	setting
	forRenew()
}

// A CallOption changes any one call.
type CallOption interface {
	setting
	forCall()
	forBegin()
	forComplete()
	forRenew()
}

// A RunBeginOption is for a Run, a Do or a Begin.
type RunBeginOption interface {
	RunOption
	BeginOption
}

// A NamespaceOption is for New and for every call.
type NamespaceOption interface {
	Option
	CallOption
	RunOption
}

// An OwnerOption is for New, and for a Run, a Do or a Begin.
type OwnerOption interface {
	Option
	RunBeginOption
}

// A LeaseOption is for New, and for a Run, a Do, a Begin or a Renew.
type LeaseOption interface {
	Option
	RunBeginOption
	RenewOption
}

// A RetentionOption is for a Run, a Do or a Complete.
type RetentionOption interface {
	RunOption
	CompleteOption
}

// A CodecOption is for New, and for a Run or a Do.
type CodecOption interface {
	Option
	RunOption
}

// An ErrorPolicyOption is for New, and for a Run or a Do.
type ErrorPolicyOption interface {
	Option
	RunOption
}

// WithTimeout bounds one call with all its tries, in place of [WithCallTimeout]; above zero. The deadline of the call's context counts,
// too.
func WithTimeout(timeout time.Duration) CallOption { return timeoutOption(timeout) }

// WithFingerprint identifies the request that the key stands for, at most 64 bytes: see [Fingerprint]. Compared in every state whenever
// both sides have one.
func WithFingerprint(fingerprint []byte) RunBeginOption { return fingerprintOption(fingerprint) }

// WithWait waits while another attempt is in progress, 0 to 1 h. Without it the answer comes at once. The wait also ends shortly before
// the deadline of the context. Not in a batch.
func WithWait(wait time.Duration) RunBeginOption { return waitOption(wait) }

// WithAttemptID names one logical Begin by 16 random bytes ([NewAttemptID]), so that it can be asked again after the Client gave up: the
// answer is then the same attempt and the same token. Without it the Client draws one, and repeats it in its own retries. It says "I have
// not had my answer yet, so I have done nothing yet": never derive it from the key.
func WithAttemptID(id []byte) BeginOption { return attemptIDOption(id) }

// WithRetention is how long the outcome is replayed, 1 ms to the namespace's result_retention_max. Without it the namespace's
// result_retention counts.
func WithRetention(retention time.Duration) RetentionOption { return retentionOption(retention) }

type namespaceOption string

func (o namespaceOption) configure(c *config) { c.namespace = string(o) }
func (o namespaceOption) set(s *callSettings) { name := string(o); s.namespace = &name }
func (namespaceOption) forCall()              {}
func (namespaceOption) forBegin()             {}
func (namespaceOption) forRun()               {}
func (namespaceOption) forComplete()          {}
func (namespaceOption) forRenew()             {}

type timeoutOption time.Duration

func (o timeoutOption) set(s *callSettings) { s.timeout = time.Duration(o) }
func (timeoutOption) forCall()              {}
func (timeoutOption) forBegin()             {}
func (timeoutOption) forComplete()          {}
func (timeoutOption) forRenew()             {}

type ownerOption string

func (o ownerOption) configure(c *config) { c.owner = string(o) }
func (o ownerOption) set(s *callSettings) { name := string(o); s.owner = &name }
func (ownerOption) forBegin()             {}
func (ownerOption) forRun()               {}

type leaseOption time.Duration

func (o leaseOption) configure(c *config) { length := time.Duration(o); c.lease = &length }
func (o leaseOption) set(s *callSettings) { length := time.Duration(o); s.lease = &length }
func (leaseOption) forBegin()             {}
func (leaseOption) forRun()               {}
func (leaseOption) forRenew()             {}

type fingerprintOption []byte

func (o fingerprintOption) set(s *callSettings) { s.fingerprint = o }
func (fingerprintOption) forBegin()             {}
func (fingerprintOption) forRun()               {}

type waitOption time.Duration

func (o waitOption) set(s *callSettings) { s.wait = time.Duration(o) }
func (waitOption) forBegin()             {}
func (waitOption) forRun()               {}

type attemptIDOption []byte

// Never nil: what the caller gave is sent as it is.
func (o attemptIDOption) set(s *callSettings) { s.attemptID = append([]byte{}, o...) }
func (attemptIDOption) forBegin()             {}

type retentionOption time.Duration

func (o retentionOption) set(s *callSettings) {
	retention := time.Duration(o)
	s.retention = &retention
}
func (retentionOption) forRun()      {}
func (retentionOption) forComplete() {}

type codecOption struct{ codec Codec }

func (o codecOption) configure(c *config) { c.codec = o.codec }
func (o codecOption) set(s *callSettings) { s.codec = o.codec }
func (codecOption) forRun()               {}

type errorPolicyOption struct{ policy ErrorPolicy }

func (o errorPolicyOption) configure(c *config) { c.policy = o.policy }
func (o errorPolicyOption) set(s *callSettings) { s.policy = o.policy }
func (errorPolicyOption) forRun()               {}

func settingsOf[O setting](options []O) callSettings {
	var settings callSettings
	for _, option := range options {
		option.set(&settings)
	}
	return settings
}
