package semel

import (
	"context"
	"time"

	"semel.dev/go/semelv1"
)

// Stats are figures about a server. Counters begin at zero with the process.
type Stats struct {
	// Release of the server, for example 0.1.0.
	Version string
	// When this process began to serve, and what time it is there now, by the server's clock.
	StartTime  time.Time
	ServerTime time.Time
	// How far the machine's wall clock is ahead of the server's time; negative after it was set back.
	WallClockOffset time.Duration
	// Why the server promises nothing at the moment, for example a failed disk; empty while all is well.
	NotReadyReason string
	OpenKeys       OpenKeys
	// Callers that wait for a key, at this instant.
	Waiters int64
	// Calls that were accepted and are not answered yet, waiters included.
	CallsInFlight int64
	// By namespace of the configuration.
	Namespaces []NamespaceFigures
	// About the storage's inside, by metric name without the prefix semel_, for example rocksdb_level0_files.
	Storage map[string]float64
	// The last one that is known; nil where there is none.
	LastBackup *Backup
}

// OpenKeys are the keys that an attempt owns or owned, at this instant, and their bounds.
type OpenKeys struct {
	InProgress int64
	// Those whose lease lapsed into doubt, but that nobody asked for since, count as in progress.
	InDoubt int64
	// Of variable-length content that they hold in memory.
	Bytes    int64
	MaxKeys  int64
	MaxBytes int64
}

// NamespaceFigures say what became of the calls of a namespace since the process began.
type NamespaceFigures struct {
	// "(other)": all that are not configured, together.
	Namespace string
	// By outcome: acquired, done, failed, in_progress, in_doubt, expired, mismatch, refused.
	Begins map[string]int64
	// Attempts that took over from an abandoned one.
	Takeovers int64
	// Calls of owners that had lost their key.
	StaleTokens int64
	// Completes that stored a result, and a failure.
	CompletedDone   int64
	CompletedFailed int64
}

// Stats answers figures about the server, its namespaces and its storage. Changes nothing.
func (a *AdminClient) Stats(ctx context.Context) (*Stats, error) {
	response, err := adminCall(ctx, a, "GetStats", repeatAsBefore, a.stub.GetStats, &semelv1.GetStatsRequest{})
	if err != nil {
		return nil, err
	}
	return statsFrom(response), nil
}

func statsFrom(wire *semelv1.GetStatsResponse) *Stats {
	open := wire.GetOpenKeys()
	stats := &Stats{
		Version:         wire.GetVersion(),
		StartTime:       timeFrom(wire.GetStartTime()),
		ServerTime:      timeFrom(wire.GetServerTime()),
		WallClockOffset: durationFrom(wire.GetWallClockOffset()),
		NotReadyReason:  wire.GetNotReadyReason(),
		OpenKeys: OpenKeys{InProgress: open.GetInProgress(), InDoubt: open.GetInDoubt(), Bytes: open.GetBytes(),
			MaxKeys: open.GetMaxKeys(), MaxBytes: open.GetMaxBytes()},
		Waiters:       wire.GetWaiters(),
		CallsInFlight: wire.GetCallsInFlight(),
		Storage:       wire.GetStorage(),
		LastBackup:    backupFrom(wire.GetLastBackup()),
	}
	for _, figures := range wire.GetNamespaces() {
		stats.Namespaces = append(stats.Namespaces, NamespaceFigures{
			Namespace:       figures.GetNamespace(),
			Begins:          figures.GetBegins(),
			Takeovers:       figures.GetTakeovers(),
			StaleTokens:     figures.GetStaleTokens(),
			CompletedDone:   figures.GetCompletedDone(),
			CompletedFailed: figures.GetCompletedFailed(),
		})
	}
	return stats
}
