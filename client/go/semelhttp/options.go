package semelhttp

import (
	"log/slog"
	"net/http"
	"time"

	semel "semel.dev/go"
)

// An Option changes a [Middleware], or one route of it.
type Option func(*config)

// A ScopeFunc answers who else must be the same for a key to be the same: the user, above all. None of the parts may be empty. An error, or
// an empty part, is answered with 500, and the handler does not run. Called by many goroutines at once.
type ScopeFunc func(r *http.Request) ([]string, error)

// A FingerprintFunc answers what identifies the content of a request, at most 64 bytes; nil: nothing is compared. The request's body has
// been read and is given. An error is answered with 500, and the handler does not run. Called by many goroutines at once.
type FingerprintFunc func(r *http.Request, body []byte) ([]byte, error)

// A Keeping says what becomes of a response.
type Keeping int

// What may become of a response. It goes out as it is either way.
const (
	// Store: it is the outcome, and replayed.
	Store Keeping = iota + 1
	// Retry: the effect did not happen. A retryable failure is recorded (its reason is HTTP_503), and the next request runs the handler.
	// Where the attempt had called SaveBeforeEffects, or its context had ended, a status does not say so: LeaveOpen then.
	Retry
	// LeaveOpen: nobody knows whether the effect happened. Nothing is recorded, the lease is left to lapse, and the next attempt is told
	// PreviousAbandoned, or the key is in doubt.
	LeaveOpen
)

// A StatusPolicy decides by a response's status, 200 to 999.
type StatusPolicy func(status int) Keeping

// DefaultStatusPolicy is the rule of every language. It stores what is below 500, but for 401, 403, 408, 425 and 429, which speak of the asker
// or of the moment: these, and what is above, are to be retried. 502 and 504 are left open: what stands behind the handler may have done it.
func DefaultStatusPolicy(status int) Keeping {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return Retry
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return LeaveOpen
	}
	if status >= http.StatusInternalServerError {
		return Retry
	}
	return Store
}

// Required answers 400 to a request without a key.
func Required() Option { return func(c *config) { c.requirement = required } }

// Optional passes a request without a key on as it is; the default.
func Optional() Option { return func(c *config) { c.requirement = optional } }

// Off passes every request on as it is.
func Off() Option { return func(c *config) { c.requirement = off } }

// WithHeader names the header that has the key; default Idempotency-Key. X-CloudTasks-TaskName is that of Google's Cloud Tasks.
func WithHeader(name string) Option {
	return func(c *config) { c.header = http.CanonicalHeaderKey(name) }
}

// WithMethods names the methods that have keys; default POST and PATCH. Others are passed on as they are.
func WithMethods(methods ...string) Option { return func(c *config) { c.methods = methods } }

// WithPrefix puts a part before all others of the key in Semel, for example the name of the API where several share a namespace.
func WithPrefix(prefix string) Option { return func(c *config) { c.prefix = prefix } }

// WithScope adds parts to the key in Semel, after method and route: see [ScopeFunc].
func WithScope(scope ScopeFunc) Option { return func(c *config) { c.scope = scope } }

// WithFingerprint takes the place of the fingerprint of method, path, query, content type and body. For multipart forms, whose boundaries
// differ each time, and for bodies that are signed anew.
func WithFingerprint(fingerprint FingerprintFunc) Option {
	return func(c *config) { c.fingerprint = fingerprint }
}

// WithLeaveOut names what does not count in JSON bodies, as JSON Pointers (RFC 6901), for example /sent_at.
func WithLeaveOut(pointers ...string) Option { return func(c *config) { c.leaveOut = pointers } }

// WithMaxBody bounds the body of a request with a key, in bytes; default 1 MiB. Beyond: 413.
func WithMaxBody(bytes int64) Option { return func(c *config) { c.maxBody = bytes } }

// WithMaxResponse bounds how much of a response is held to be stored, in bytes; default 1 MiB, as the service's own limit
// (max_result_bytes; never above 3 MiB). A longer one is sent while the handler writes it, and a replay has no body.
func WithMaxResponse(bytes int) Option { return func(c *config) { c.maxResponse = bytes } }

// WithStatusPolicy takes the place of [DefaultStatusPolicy], as a whole.
func WithStatusPolicy(policy StatusPolicy) Option { return func(c *config) { c.statusPolicy = policy } }

// WithStoredHeaders names the response headers that are stored beside Content-Type and Content-Encoding; default Content-Language,
// Location, ETag and Link. Set-Cookie, Date, Server and those of the connection cannot be stored. A header's values may have 256 bytes, all
// of them together about 2,000: what is longer is not stored, and a warning is logged.
func WithStoredHeaders(names ...string) Option { return func(c *config) { c.storedHeaders = names } }

// WithWait waits so long for another attempt before the answer is 409, 0 to 1 h; default 0.
func WithWait(wait time.Duration) Option { return func(c *config) { c.wait = wait } }

// WithRunOptions gives options to every run, for example semel.WithLease and semel.WithRetention.
func WithRunOptions(options ...semel.RunOption) Option {
	return func(c *config) { c.runOptions = options }
}

// WithCancelOnDisconnect cancels the context of a handler whose client has gone, as net/http does. Without it the handler goes on, so that
// the client's next try gets the response: a handler that is cut off half way leaves the key locked until the lease has lapsed.
func WithCancelOnDisconnect() Option { return func(c *config) { c.cancelOnDisconnect = true } }

// WithLogger gets what is worth a line: outcomes that are not recorded, headers that are not stored, requests that the service refused.
// Default: slog.Default().
func WithLogger(logger *slog.Logger) Option { return func(c *config) { c.logger = logger } }
