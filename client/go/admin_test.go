package semel_test

import (
	"errors"
	"fmt"
	"path/filepath"
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
	if err != nil {
		t.Fatal(err)
	}
	if stats.OpenKeys.InProgress != 25 || stats.OpenKeys.MaxKeys <= 25 || stats.OpenKeys.Bytes <= 0 || stats.Version == "" ||
		stats.StartTime.IsZero() || stats.ServerTime.Before(stats.StartTime) || stats.Storage == nil ||
		stats.LastBackup != nil || stats.NotReadyReason != "" {
		t.Errorf("got %+v", stats)
	}
	begun := int64(0)
	for _, figures := range stats.Namespaces {
		begun += figures.Begins["acquired"]
	}
	if begun != 25 {
		t.Errorf("got %+v", stats.Namespaces)
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

func TestABackupIsMadeOnceAndFound(t *testing.T) {
	backups := filepath.Join(t.TempDir(), "backups")
	server := semeldtest.Start(t, semeldtest.Options{Config: "backup:\n  directory: " + backups + "\n"})
	proxy := semeldtest.StartProxy(t, server.Address)
	client, admin := newClient(t, server.Address), newAdmin(t, proxy.Address)
	if _, err := client.Begin(within(t), "order/1"); err != nil {
		t.Fatal(err)
	}
	request := semel.CreateBackupRequest{Reason: "a test", Actor: "test"}
	first, err := admin.CreateBackup(within(t), request)
	if err != nil {
		t.Fatal(err)
	}
	if first.Backup.ID != 1 || first.Backup.SizeBytes <= 0 || first.Backup.CreateTime.IsZero() || first.CopiedBytes <= 0 ||
		first.Duration <= 0 || first.BackupsKept != 1 {
		t.Errorf("got %+v", first)
	}
	// A lost answer: another try would make another backup.
	proxy.LoseAnswers(1)
	_, err = admin.CreateBackup(within(t), request)
	var lost *semel.Error
	if !errors.As(err, &lost) || !lost.OutcomeUnknown || lost.Tries != 1 {
		t.Errorf("got %+v", err)
	}
	stats, err := admin.Stats(within(t))
	if err != nil || stats.LastBackup == nil || stats.LastBackup.ID != 2 {
		t.Errorf("got %+v, %v", stats, err)
	}
	if _, err := admin.CreateBackup(within(t), semel.CreateBackupRequest{}); !errors.Is(err, semel.ErrFieldInvalid) {
		t.Errorf("got %v", err)
	}
	request.Timeout = -1
	if _, err := admin.CreateBackup(within(t), request); !errors.Is(err, semel.ErrFieldInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestABackupNeedsADirectory(t *testing.T) {
	admin := newAdmin(t, semeldtest.Start(t, semeldtest.Options{}).Address)
	_, err := admin.CreateBackup(within(t), semel.CreateBackupRequest{Actor: "test"})
	if !errors.Is(err, semel.ErrBackupNotConfigured) {
		t.Errorf("got %v", err)
	}
}
