package semel_test

import (
	"errors"
	"strings"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// A message that is too large is refused as a whole, without a word about what is wrong with it; and nobody reads an error of megabytes.
func TestAKeyThatIsTooLongIsNamedAndNotShownWhole(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	client, admin := newClient(t, server.Address), newAdmin(t, server.Address)
	long := strings.Repeat("é", 2_500_000)
	ctx := within(t)
	calls := map[string]func(key string) error{
		"Run": func(key string) error {
			_, err := semel.Run(ctx, client, key, mustNotRun(t))
			return err
		},
		"Complete": func(key string) error {
			_, err := client.Complete(ctx, key, 1, semel.Result{})
			return err
		},
		"Lookup": func(key string) error {
			_, err := client.Lookup(ctx, key)
			return err
		},
		"Release": func(key string) error { return client.Release(ctx, key, 1) },
		"BatchBegin": func(key string) error {
			items, err := client.BatchBegin(ctx, []semel.BeginRequest{{Key: key}})
			return errors.Join(err, items[0].Err)
		},
		"BatchRenew": func(key string) error {
			items, err := client.BatchRenew(ctx, []semel.RenewRequest{{Key: key, Token: 1}})
			return errors.Join(err, items[0].Err)
		},
	}
	for name, call := range calls {
		for _, length := range []int{300, 1_000_000, len(long)} {
			err := call(long[:length])
			var refused *semel.Error
			if !errors.As(err, &refused) || refused.Reason != semel.ErrFieldInvalid || len(refused.Violations) != 1 ||
				refused.Violations[0].Field != "key" || len(err.Error()) > 1000 {
				t.Errorf("%s, %d bytes: got %d bytes: %.500v", name, length, len(err.Error()), err)
			}
		}
	}
	_, err := admin.DeleteKey(ctx, semel.DeleteKeyRequest{Namespace: "shop", Key: long[:1_000_000], Reason: "a test"})
	if err == nil || len(err.Error()) > 1000 || !strings.Contains(err.Error(), "... (1000000 bytes)") {
		t.Errorf("got %.500v", err)
	}
	if _, err := semel.KeyOf(long + "\xff"); err == nil || len(err.Error()) > 1000 {
		t.Errorf("got %.500v", err)
	}
	fits := strings.Repeat("k", 255)
	_, err = client.Complete(ctx, fits, 1, semel.Result{})
	if !errors.Is(err, semel.ErrKeyNotFound) || !strings.Contains(err.Error(), fits) {
		t.Errorf("got %v", err)
	}
}
