package semelhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	semel "semel.dev/go"
)

const (
	defaultHeader   = "Idempotency-Key"
	defaultMaxBytes = 1 << 20
	// The service stores no more of one result, whatever the namespace says.
	mostStoredBytes = 3 << 20
)

type requirement int

const (
	optional requirement = iota
	required
	off
)

// What the Options say, checked.
type config struct {
	header             string
	methods            []string
	requirement        requirement
	prefix             string
	scope              ScopeFunc
	fingerprint        FingerprintFunc
	leaveOut           []string
	maxBody            int64
	maxResponse        int
	statusPolicy       StatusPolicy
	storedHeaders      []string
	wait               time.Duration
	runOptions         []semel.RunOption
	cancelOnDisconnect bool
	logger             *slog.Logger
}

func defaultConfig() config {
	return config{
		header:        defaultHeader,
		methods:       []string{http.MethodPost, http.MethodPatch},
		scope:         func(*http.Request) ([]string, error) { return nil, nil },
		maxBody:       defaultMaxBytes,
		maxResponse:   defaultMaxBytes,
		statusPolicy:  DefaultStatusPolicy,
		storedHeaders: []string{"Content-Language", "Location", "Etag", "Link"},
	}
}

// with is a copy that the options changed.
func (c config) with(options []Option) (config, error) {
	for _, option := range options {
		option(&c)
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	return c, c.check()
}

func (c config) check() error {
	var errs []error
	wrong := func(isWrong bool, rule string) {
		if isWrong {
			errs = append(errs, errors.New("semelhttp: "+rule))
		}
	}
	wrong(!isToken(c.header), fmt.Sprintf("WithHeader: %q is no header's name", c.header))
	wrong(len(c.methods) == 0, "WithMethods: name at least one, or use Off")
	wrong(c.maxBody < 1, "WithMaxBody: must be above zero")
	wrong(c.maxResponse < 1 || c.maxResponse > mostStoredBytes, "WithMaxResponse: must be 1 to 3 MiB")
	wrong(c.wait < 0, "WithWait: must not be negative")
	wrong(c.statusPolicy == nil, "WithStatusPolicy: is nil")
	wrong(c.scope == nil, "WithScope: is nil")
	for _, name := range c.storedHeaders {
		wrong(!isToken(name) || isNeverStored(name), fmt.Sprintf("WithStoredHeaders: %q cannot be stored", name))
	}
	if _, err := semel.Fingerprint(json.RawMessage("{}"), c.leaveOut...); err != nil {
		errs = append(errs, fmt.Errorf("semelhttp: WithLeaveOut: %w", err))
	}
	return errors.Join(errs...)
}

func (c *config) appliesTo(method string) bool {
	return c.requirement != off && slices.Contains(c.methods, method)
}

// isToken: RFC 9110, section 5.6.2.
func isToken(name string) bool {
	const special = "!#$%&'*+-.^_`|~"
	for _, r := range name {
		isWordly := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !isWordly && !strings.ContainsRune(special, r) {
			return false
		}
	}
	return name != ""
}

// isNeverStored: what belongs to one client, one moment or one connection.
func isNeverStored(name string) bool {
	switch strings.ToLower(name) {
	case "set-cookie", "date", "server", "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
		"transfer-encoding", "upgrade":
		return true
	}
	return false
}
