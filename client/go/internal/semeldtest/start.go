package semeldtest

import "testing"

// Start starts a process for a test and ends it with the test. Without Options.Directory it has one of its own.
func Start(t testing.TB, options Options) *Process {
	t.Helper()
	if options.Directory == "" {
		options.Directory = t.TempDir()
	}
	p, err := Launch(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("semeld's log ends with:\n" + p.Log())
		}
	})
	return p
}
