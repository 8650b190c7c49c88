package semel_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// heldLeases acquires so many keys.
func heldLeases(t *testing.T, client *semel.Client, count int, options ...semel.BeginOption) []*semel.Lease {
	t.Helper()
	leases := make([]*semel.Lease, count)
	for i := range leases {
		answer, err := client.Acquire(within(t), fmt.Sprintf("order/%d", i), options...)
		lease, ok := answer.(*semel.Lease)
		if err != nil || !ok {
			t.Fatalf("got %+v, %v", answer, err)
		}
		leases[i] = lease
	}
	return leases
}

func TestLeasesAreEndedTogetherAndEachByItself(t *testing.T) {
	server, elapse := standing(t, "")
	client := newClient(t, server.Address, semel.WithLogger(new(logLines).logger()))
	leases := heldLeases(t, client, 4, semel.WithLease(10*time.Second))
	// Another attempt takes the last one over; the others are renewed.
	for _, lease := range leases[:3] {
		if _, err := client.Renew(within(t), lease.Key(), lease.Token(), semel.WithLease(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	elapse(10 * time.Second)
	if _, err := client.Begin(within(t), leases[3].Key()); err != nil {
		t.Fatal(err)
	}
	items := client.EndLeases(within(t), []semel.LeaseEnding{
		{Lease: leases[0], Ending: semel.Result{Payload: []byte("done")}},
		{Lease: leases[1], Ending: semel.Failure{Reason: "DECLINED"}},
		{Lease: leases[2], Ending: semel.Result{Payload: make([]byte, 2<<20)}, Options: []semel.CompleteOption{semel.WithRetention(time.Hour)}},
		{Lease: leases[3], Ending: semel.Result{}},
	})
	for i, want := range []semel.State{semel.StateDone, semel.StateFailed, semel.StateDone} {
		if items[i].Err != nil || items[i].Answer.State != want || items[i].Answer.Omitted != (i == 2) {
			t.Errorf("%d: got %+v, %v", i, items[i].Answer, items[i].Err)
		}
		wantState(t, client, leases[i].Key(), want)
	}
	var lost *semel.LeaseLostError
	if !errors.As(items[3].Err, &lost) || !lost.TakenOver {
		t.Errorf("got %+v", items[3])
	}
	for _, lease := range leases {
		if !lease.HasEnded() {
			t.Errorf("%s has not ended", lease.Key())
		}
	}
}

func TestEndingManyLeasesLosesNoneOfThem(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	var log logLines
	client := newClient(t, server.Address, semel.WithLogger(log.logger()))
	// So short that they are renewed all the time.
	leases := heldLeases(t, client, 200, semel.WithLease(300*time.Millisecond))
	endings := make([]semel.LeaseEnding, len(leases))
	for i, lease := range leases {
		endings[i] = semel.LeaseEnding{Lease: lease, Ending: semel.Result{}}
	}
	for _, item := range client.EndLeases(within(t), endings) {
		if item.Err != nil {
			t.Error(item.Err)
		}
	}
	if lines := log.all(); len(lines) != 0 {
		t.Errorf("logged %q", lines)
	}
	if items := client.EndLeases(within(t), nil); len(items) != 0 {
		t.Errorf("got %v", items)
	}
}

func TestLeasesAreLeftAliveWhereTheirEndGotNoAnswer(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithCompleteTimeout(100*time.Millisecond))
	leases := heldLeases(t, client, 2)
	if err := server.Suspend(); err != nil {
		t.Fatal(err)
	}
	for i, item := range client.EndLeases(within(t), []semel.LeaseEnding{{Lease: leases[0], Ending: semel.Result{}},
		{Lease: leases[1], Ending: semel.Result{}}}) {
		var unknown *semel.Error
		if !errors.As(item.Err, &unknown) || leases[i].HasEnded() {
			t.Errorf("got %+v, ended: %v", item, leases[i].HasEnded())
		}
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	for _, lease := range leases {
		if _, err := lease.Complete(within(t), semel.Result{}); err != nil {
			t.Error(err)
		}
	}
}

func TestAllReportsOfABatchHaveOneDeadline(t *testing.T) {
	const timeout = 300 * time.Millisecond
	server := semeldtest.Start(t, semeldtest.Options{})
	client := newClient(t, server.Address, semel.WithCompleteTimeout(timeout))
	leases := heldLeases(t, client, 200) // many times as many as are reported at a time
	endings := make([]semel.LeaseEnding, len(leases))
	for i, lease := range leases {
		endings[i] = semel.LeaseEnding{Lease: lease, Ending: semel.Result{}}
	}
	if err := server.Suspend(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, item := range client.EndLeases(within(t), endings) {
		if item.Err == nil {
			t.Errorf("got %+v", item.Answer)
		}
	}
	if took := time.Since(began); took > 6*timeout {
		t.Errorf("it took %v", took)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	for _, lease := range leases {
		lease.Abandon()
	}
}
