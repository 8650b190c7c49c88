package semelhttp

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

var problemInDocument = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (\\d{3}) \\|")

// client/http.md is what every language goes by.
func TestTheDocumentHasTheProblemsOfThisPackage(t *testing.T) {
	text, err := os.ReadFile("../../http.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, line := range problemInDocument.FindAllStringSubmatch(string(text), -1) {
		documented[line[1]+" "+line[2]] = true
	}
	answered := map[string]bool{}
	for _, p := range []problem{keyMissing, keyMalformed, bodyTooLarge, bodyIncomplete, fingerprintMismatch, inFlight, inDoubt, gone, unavailable, refused,
		failedForGood, failedForNow, notKept, streaming, notRecorded} {
		answered[fmt.Sprint(p.name, " ", p.status)] = true
	}
	if !maps.Equal(documented, answered) {
		t.Errorf("the document has %v, this package %v", documented, answered)
	}
}

func TestTheDocumentHasTheStatusesOfTheRule(t *testing.T) {
	text, err := os.ReadFile("../../http.md")
	if err != nil {
		t.Fatal(err)
	}
	for line, keeping := range map[string]Keeping{"| retry | ": Retry, "| leave open | ": LeaveOpen} {
		_, rule, found := strings.Cut(string(text), line)
		rule, _, _ = strings.Cut(rule, ":")
		for status := 200; status < 600; status++ {
			isNamed := strings.Contains(rule, fmt.Sprint(status))
			isOf := DefaultStatusPolicy(status) == keeping && (status < 500 || keeping == LeaveOpen)
			if !found || isNamed != isOf {
				t.Errorf("%s%s: it names %d: %v", line, rule, status, isNamed)
			}
		}
	}
}
