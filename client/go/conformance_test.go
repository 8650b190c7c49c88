package semel_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	semel "semel.dev/go"
	"semel.dev/go/internal/scenario"
)

const scenarios = "../scenarios"

// Every transcript of client/scenarios, through the manual calls of this package, against a server of its own, on both ways.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scenarios, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", scenarios, err)
	}
	for _, transport := range []semel.Transport{semel.TransportUnary, semel.TransportStream} {
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".txt")
			t.Run(transport.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				read, err := scenario.Parse(file, string(text))
				if err != nil {
					t.Fatal(err)
				}
				if err := scenario.Run(t.Context(), read, t.TempDir(), transport); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
