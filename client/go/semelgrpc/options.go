package semelgrpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	semel "semel.dev/go"
)

// An Option changes an interceptor.
type Option func(*config)

// A Requirement says whether a method's calls carry keys.
type Requirement int

// Whether a method's calls carry keys.
const (
	// Optional passes a call without a key on as it is.
	Optional Requirement = iota
	// Required refuses a call without a key.
	Required
	// Off passes every call on as it is.
	Off
)

// A ScopeFunc answers who else must be the same for a key to be the same: the user, above all. None of the parts may be empty. An error, or
// an empty part, is answered with INTERNAL / REFUSED, and the method does not run. Called by many goroutines at once.
type ScopeFunc func(ctx context.Context, fullMethod string) ([]string, error)

// A FingerprintFunc answers what identifies the content of a request, at most 64 bytes; nil: nothing is compared. It must not change the
// request. An error is answered with INTERNAL / REFUSED, and the method does not run. Called by many goroutines at once.
type FingerprintFunc func(ctx context.Context, fullMethod string, request proto.Message) ([]byte, error)

// What the Options say, checked.
type config struct {
	metadataKey      string
	requirement      func(fullMethod string) Requirement
	prefix           string
	scope            ScopeFunc
	fingerprint      FingerprintFunc
	codePolicy       CodePolicy
	wait             time.Duration
	runOptions       []semel.RunOption
	cancelWithCaller bool
	logger           *slog.Logger
}

// WithMetadataKey names the metadata that has the key; default idempotency-key.
func WithMetadataKey(name string) Option {
	return func(c *config) { c.metadataKey = strings.ToLower(name) }
}

// WithRequirement says for each method, such as /shop.v1.Orders/Create, whether its calls carry keys; default Optional for all.
func WithRequirement(requirement func(fullMethod string) Requirement) Option {
	return func(c *config) { c.requirement = requirement }
}

// RequiredFor requires keys for these methods, such as /shop.v1.Orders/Create, and leaves them Optional for all others.
func RequiredFor(fullMethods ...string) Option {
	return WithRequirement(func(fullMethod string) Requirement {
		if slices.Contains(fullMethods, fullMethod) {
			return Required
		}
		return Optional
	})
}

// WithPrefix puts a part before all others of the key in Semel, for example the name of the API where several share a namespace.
func WithPrefix(prefix string) Option { return func(c *config) { c.prefix = prefix } }

// WithScope adds parts to the key in Semel, after the method: see [ScopeFunc].
func WithScope(scope ScopeFunc) Option { return func(c *config) { c.scope = scope } }

// WithFingerprint takes the place of the fingerprint of the request's deterministic serialization. That is the same for the same request of
// the same build, and nearly always beyond; where requests are repeated over months, or fields such as the time of sending do not count,
// name what counts yourself.
func WithFingerprint(fingerprint FingerprintFunc) Option {
	return func(c *config) { c.fingerprint = fingerprint }
}

// WithCodePolicy takes the place of [DefaultCodePolicy], as a whole.
func WithCodePolicy(policy CodePolicy) Option { return func(c *config) { c.codePolicy = policy } }

// WithWait waits so long for another attempt before the answer is ABORTED, 0 to 1 h, and less where the call's deadline is near; default 0.
func WithWait(wait time.Duration) Option { return func(c *config) { c.wait = wait } }

// WithRunOptions gives options to every run, for example semel.WithLease and semel.WithRetention.
func WithRunOptions(options ...semel.RunOption) Option {
	return func(c *config) { c.runOptions = options }
}

// WithCancelWithCaller ends the context of a method with its caller's deadline or cancellation, as gRPC does. A method that is cut off half
// way leaves the key locked until the lease has lapsed.
func WithCancelWithCaller() Option { return func(c *config) { c.cancelWithCaller = true } }

// WithLogger gets what is worth a line: outcomes that are not recorded, requests that the service refused. Default: slog.Default().
func WithLogger(logger *slog.Logger) Option { return func(c *config) { c.logger = logger } }

func configOf(options []Option) (config, error) {
	c := config{
		metadataKey: "idempotency-key",
		requirement: func(string) Requirement { return Optional },
		scope:       func(context.Context, string) ([]string, error) { return nil, nil },
		codePolicy:  DefaultCodePolicy,
		logger:      slog.Default(),
	}
	for _, option := range options {
		option(&c)
	}
	var errs []error
	wrong := func(isWrong bool, rule string) {
		if isWrong {
			errs = append(errs, errors.New("semelgrpc: "+rule))
		}
	}
	wrong(!isMetadataKey(c.metadataKey), fmt.Sprintf("WithMetadataKey: %q is no name of text metadata", c.metadataKey))
	wrong(c.requirement == nil, "WithRequirement: is nil")
	wrong(c.scope == nil, "WithScope: is nil")
	wrong(c.logger == nil, "WithLogger: is nil")
	wrong(c.wait < 0, "WithWait: must not be negative")
	wrong(c.codePolicy == nil, "WithCodePolicy: is nil")
	return c, errors.Join(errs...)
}

// isMetadataKey: names that end with -bin have bytes as values.
func isMetadataKey(name string) bool {
	for _, r := range name {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.') {
			return false
		}
	}
	return name != "" && !strings.HasSuffix(name, "-bin") && !strings.HasPrefix(name, "grpc-")
}
