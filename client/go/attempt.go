package semel

import "context"

// An Attempt is handed to the function of Run and Do: what it may do with the lease that Run holds, which is all but ending it. What each
// method does is said at [Lease]. Valid until the function returns.
type Attempt struct{ lease *Lease }

// Key is the key that is owned.
func (a *Attempt) Key() string { return a.lease.Key() }

// Token is the fencing token: hand it to what you write to, and let that refuse smaller ones.
func (a *Attempt) Token() int64 { return a.lease.Token() }

// Number is 1 for the first attempt on the key.
func (a *Attempt) Number() int { return a.lease.Number() }

// Previous says how the attempt before ended. PreviousAbandoned: it fell silent half way. Look whether its effect happened before doing it
// again.
func (a *Attempt) Previous() Previous { return a.lease.Previous() }

// Checkpoint is the last one of earlier attempts; empty where there is none.
func (a *Attempt) Checkpoint() []byte { return a.lease.Checkpoint() }

// EffectsBegan tells whether SaveBeforeEffects was called.
func (a *Attempt) EffectsBegan() bool { return a.lease.EffectsBegan() }

// IsLost is true once another attempt took over, or may have: stop working. The function's context is cancelled then, too.
func (a *Attempt) IsLost() bool { return a.lease.IsLost() }

// Save saves bytes (at most 65,536) for the next attempt, should this one be abandoned or fail.
func (a *Attempt) Save(ctx context.Context, checkpoint []byte) error {
	return a.lease.Save(ctx, checkpoint)
}

// SaveBeforeEffects saves bytes, and declares that the side effect cannot be taken back from here on: if this attempt falls silent, the key
// is in doubt until somebody finds out. Go on only if there is no error.
func (a *Attempt) SaveBeforeEffects(ctx context.Context, checkpoint []byte) error {
	return a.lease.SaveBeforeEffects(ctx, checkpoint)
}
