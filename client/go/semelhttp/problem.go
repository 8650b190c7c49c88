package semelhttp

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// ProblemPrefix begins the type of every problem that this package answers; the name follows, for example in-flight.
const ProblemPrefix = "urn:semel:problem:"

// problem is a kind of error response (RFC 9457).
type problem struct {
	name   string
	status int
	title  string
}

var (
	keyMissing          = problem{"key-missing", http.StatusBadRequest, "The idempotency key is missing"}
	keyMalformed        = problem{"key-malformed", http.StatusBadRequest, "The idempotency key is malformed"}
	bodyTooLarge        = problem{"body-too-large", http.StatusRequestEntityTooLarge, "The request's body is too large"}
	bodyIncomplete      = problem{"body-incomplete", http.StatusBadRequest, "The request is cut short"}
	fingerprintMismatch = problem{"fingerprint-mismatch", http.StatusUnprocessableEntity, "The key stands for another request"}
	inFlight            = problem{"in-flight", http.StatusConflict, "The request is being processed"}
	inDoubt             = problem{"in-doubt", http.StatusConflict, "The request is in doubt"}
	gone                = problem{"expired", http.StatusGone, "The response is no longer stored"}
	unavailable         = problem{"unavailable", http.StatusServiceUnavailable, "The request could not be begun"}
	refused             = problem{"refused", http.StatusInternalServerError, "The request could not be begun"}
	failedForGood       = problem{"failed", http.StatusInternalServerError, "The request failed for good"}
	failedForNow        = problem{"failed", http.StatusServiceUnavailable, "The request failed for now"}
	notKept             = problem{"response-not-kept", http.StatusInternalServerError, "The response was not kept"}
	streaming           = problem{"streaming", http.StatusInternalServerError, "The response cannot be stored"}
	notRecorded         = problem{"not-recorded", http.StatusServiceUnavailable, "The request was interrupted"}
)

// fact is a member of a problem beside those of the RFC.
type fact struct {
	name  string
	value any // a string or an integer
}

func (p problem) answer(w http.ResponseWriter, detail string, facts ...fact) {
	members := map[string]any{"type": ProblemPrefix + p.name, "title": p.title, "status": p.status, "detail": detail}
	for _, each := range facts {
		members[each.name] = each.value
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic(err) // strings and integers only
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write(body) // whoever has gone does not read it
}
