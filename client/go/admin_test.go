package semel_test

import (
	"errors"
	"fmt"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

func TestAnOperatorFindsAllKeysPageByPage(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client, admin := newClient(t, server.Address), newAdmin(t, server.Address)
	want := map[string]bool{}
	for i := range 25 {
		key := fmt.Sprintf("order/%d", i)
		want[key] = true
		if _, err := client.Begin(within(t), key); err != nil {
			t.Fatal(err)
		}
	}
	for listed, err := range admin.Keys(within(t), semel.ListKeysRequest{Namespace: "shop", PageSize: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		if !want[listed.Key] || listed.Record.State != semel.StateInProgress {
			t.Errorf("got %+v", listed)
		}
		delete(want, listed.Key)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	stats, err := admin.Stats(within(t))
	if err != nil || stats.GetOpenKeys().GetInProgress() != 25 {
		t.Errorf("got %v, %v", stats, err)
	}
	for _, err := range admin.Keys(within(t), semel.ListKeysRequest{Prefix: "order"}) {
		if !errors.Is(err, semel.ErrFieldInvalid) {
			t.Errorf("got %v", err)
		}
	}
}

func TestADeletionIsNotRepeatedBlindly(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	proxy := semeldtest.StartProxy(t, server.Address)
	client, admin := newClient(t, server.Address), newAdmin(t, proxy.Address)
	if _, err := client.Begin(within(t), "order/1"); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Stats(within(t)); err != nil {
		t.Fatal(err)
	}
	proxy.LoseAnswers(1)
	_, err := admin.DeleteKey(within(t), semel.DeleteKeyRequest{Namespace: "shop", Key: "order/1", Reason: "a test", Actor: "test"})
	var lost *semel.Error
	if !errors.As(err, &lost) || !lost.OutcomeUnknown || lost.Tries != 1 {
		t.Errorf("got %+v", err)
	}
	if record, err := client.Lookup(within(t), "order/1"); err != nil || record != nil {
		t.Errorf("got %+v, %v", record, err)
	}
}
