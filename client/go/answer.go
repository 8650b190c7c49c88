package semel

import "time"

// A BeginAnswer says what became of a [Client.Begin]: one of *[Acquired], *[Done], *[Failed], *[InProgress], *[InDoubt] and *[Expired].
// Switch on its type.
type BeginAnswer interface{ beginAnswer() }

// An AcquireAnswer says what became of a [Client.Acquire]: a *[Lease], or what is recorded: *[Done], *[Failed], *[InProgress],
// *[InDoubt] and *[Expired]. Switch on its type.
type AcquireAnswer interface{ acquireAnswer() }

// Acquired: the caller owns the key and may do the side effect.
type Acquired struct {
	// Fencing token, greater for every new attempt on the key. Hand it to what you write to, and let that refuse smaller ones
	// (Kleppmann, "How to do distributed locking", 2016).
	Token int64
	// Number of this attempt, from 1.
	Attempt int
	// How long the owner may stay silent, counted from the answer. Renew it, or let [Client.Hold] do so.
	Lease time.Duration
	// How the attempt before this one ended.
	Previous Previous
	// The last checkpoint of earlier attempts; empty where there is none.
	Checkpoint []byte
	// Of a batch: the checkpoint did not fit into the answer, [Client.Lookup] fetches it.
	CheckpointLeftOut bool

	// A moment before the server answered, from which the lease safely counts.
	grantedAt time.Time
}

// Done: the side effect was done before.
type Done struct {
	// What it left behind.
	Result Result
	// When it was reported, by the server's clock.
	CompleteTime time.Time
	// Until when it is replayed, by the server's clock.
	ExpireTime time.Time
}

// Failed: an earlier attempt failed, for good or for now.
type Failed struct {
	// Why. Failure.Retryable tells whether another attempt may run later.
	Failure Failure
	// Retryable failures: time until the next Begin may acquire the key. Zero for final ones.
	RetryAfter time.Duration
	// Number of the attempt that failed.
	Attempt int
}

// InProgress: another attempt owns the key.
type InProgress struct {
	// What its owner calls itself.
	Owner string
	// Its number.
	Attempt int
	// Time until its lease lapses, unless it is renewed.
	LeaseRemaining time.Duration
	// When it makes sense to ask again.
	RetryAfter time.Duration
}

// InDoubt: nobody knows whether the side effect happened. Its owner fell silent after it had declared that effects began, or the
// namespace wants it so. Find out, then complete or release the key with the token of that attempt, or resolve it
// ([AdminClient.ResolveKey]).
type InDoubt struct {
	// What the owner that fell silent called itself.
	Owner string
	// When its lease lapsed, by the server's clock.
	Since time.Time
	// Its last checkpoint; may be empty.
	Checkpoint []byte
	// Of a batch: the checkpoint did not fit into the answer, [Client.Lookup] fetches it.
	CheckpointLeftOut bool
}

// Expired: the effect ended long ago; its outcome is no longer stored, the key is still remembered.
type Expired struct {
	// When the outcome was reported, by the server's clock.
	CompleteTime time.Time
}

func (*Acquired) beginAnswer()   {}
func (*Done) beginAnswer()       {}
func (*Failed) beginAnswer()     {}
func (*InProgress) beginAnswer() {}
func (*InDoubt) beginAnswer()    {}
func (*Expired) beginAnswer()    {}

func (*Lease) acquireAnswer()      {}
func (*Done) acquireAnswer()       {}
func (*Failed) acquireAnswer()     {}
func (*InProgress) acquireAnswer() {}
func (*InDoubt) acquireAnswer()    {}
func (*Expired) acquireAnswer()    {}

// Completed says that an outcome is stored.
type Completed struct {
	// StateDone or StateFailed.
	State State
	// Until when the outcome is replayed, by the server's clock.
	ExpireTime time.Time
	// The same outcome with the same token was stored before: this was a retry.
	AlreadyApplied bool
	// A retryable failure was made final: the attempt was the last one that the namespace's max_attempts allows.
	MadeFinal bool
}

// A Record is everything that may be seen of a key. The fencing token is not shown: it belongs to the owner alone.
type Record struct {
	State State
	// Number of the current or last attempt, from 1.
	Attempt int
	// What the current or last owner called itself.
	Owner string
	// Of the request that the key stands for; empty where none was given.
	Fingerprint []byte
	// When the first attempt that is still remembered began. All times are of the server's clock.
	CreateTime time.Time
	// StateInProgress: time until the lease lapses. Zero once it has lapsed: the next Begin decides what becomes of the key.
	LeaseRemaining time.Duration
	// StateInProgress and StateInDoubt: whether the owner declared that its effects had begun.
	EffectsBegan bool
	// The last checkpoint; empty where there is none.
	Checkpoint []byte
	// How the attempt before the current one ended.
	Previous Previous
	// StateInDoubt: since when. Zero in other states.
	InDoubtSince time.Time
	// StateDone, StateFailed and StateExpired: when the outcome was reported. Zero in other states.
	CompleteTime time.Time
	// StateDone and StateFailed: until when the outcome is replayed. Zero in other states.
	ExpireTime time.Time
	// Until when the key is remembered.
	ForgetTime time.Time
	// StateDone and StateFailed: a Result or a Failure. Nil in other states.
	Ending Ending
}
