package samples_test

import (
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/adaptertest"
)

func TestAChargeThatMayHaveHappenedIsNotCalledAFailure(t *testing.T) {
	w := newWorld(t)
	w.ledger = "/dev/full" // it opens, and writing fails
	if printed, status := w.run("firstcall", "17"); status != 1 {
		t.Errorf("it printed %v and ended with %d", printed, status)
	}
	client, err := semel.New(w.server.Address, semel.WithNamespace("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	record, err := client.Lookup(adaptertest.Within(t), "order/17")
	if err != nil || record == nil || record.State != semel.StateInProgress {
		t.Errorf("got %+v, %v", record, err)
	}
}
