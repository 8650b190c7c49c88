package semel

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// An Option says how a [Client] or an [AdminClient] connects, how long it tries, and what it asks for where a call does not say.
type Option interface{ configure(*config) }

type option func(*config)

func (o option) configure(c *config) { o(c) }

// A Transport is how Begin, Complete, Lookup, Renew, Release and Checkpoint go to the server, also those of Run and of a Lease. Answers,
// errors, timeouts and retries are the same either way. Batches, renewals in the background and the AdminClient have calls of their own
// always.
type Transport int

const (
	// TransportAuto, the default, is TransportUnary until calls overlap: then a stream is opened beside them, and takes over when the
	// server's first message has come over it. Where streams do not come through, because the server is older or a proxy does not let
	// them, calls go on as before, and it is tried again after 5 minutes, then 10, up to an hour.
	TransportAuto Transport = iota
	// TransportUnary: each call by itself.
	TransportUnary
	// TransportStream: all calls share one stream. Calls that wait at the same time share a message in both directions, at a fraction
	// of the cost. An error where streams do not come through (Unimplemented). Only requests above 4 MiB, which no server takes, go by
	// themselves.
	TransportStream
)

// String is the transport's name in lower case.
func (t Transport) String() string {
	switch t {
	case TransportAuto:
		return "auto"
	case TransportUnary:
		return "unary"
	case TransportStream:
		return "stream"
	}
	return "unknown"
}

// A RetryPolicy says how lost replies and an unavailable server are retried. Every call of the service is safe to repeat, because it
// carries an attempt id or a token; so all are.
//
// The pause before try n+1 is drawn between zero and min(MaxBackoff, InitialBackoff * Multiplier^(n-1)) ("full jitter", Brooker,
// "Exponential Backoff And Jitter", 2015), and never shorter than what the server asked for. Zero fields have their defaults.
type RetryPolicy struct {
	// How often a call is tried; 1 does not retry. Default 50: the call's timeout is the bound that usually ends it.
	MaxTries int
	// Default 50 ms.
	InitialBackoff time.Duration
	// Default 2 s.
	MaxBackoff time.Duration
	// Default 2.
	Multiplier float64
	// How many retries all calls of the Client together may have in hand (after gRFC A6, retry throttling): a retry takes one where the
	// server said that it is in trouble, or a call timed out for the second time or more; each success gives back a tenth. None left: such
	// calls fail at once with Error.BudgetEmpty, so that clients do not keep a struggling server down. Broken connections cost nothing,
	// because they take all calls with them, and neither do Complete, Release and Renew: losing one is worse than one more request.
	// Default 100; negative: no bound.
	Budget int
}

// WithNamespace says who the keys belong to: [a-z0-9][a-z0-9._-]{0,62}. For [New]: of all calls; without it the environment's
// SEMEL_NAMESPACE counts. For a call: of that one.
func WithNamespace(name string) NamespaceOption { return namespaceOption(name) }

// WithOwner is what this process calls itself, for people: at most 128 bytes of UTF-8, shown to others who ask. Without it: host:pid. For
// [New], or for one Begin.
func WithOwner(name string) OwnerOption { return ownerOption(name) }

// WithLease is how long an owner may stay silent: 10 ms to the namespace's lease_max. Without it the namespace's lease_default counts. For
// [New], or for one Begin or Renew.
func WithLease(length time.Duration) LeaseOption { return leaseOption(length) }

// WithCallTimeout bounds a call with all its tries; default 10 s. The time that a Begin was asked to wait comes on top. The deadline of
// the call's context counts, too.
func WithCallTimeout(timeout time.Duration) Option {
	return option(func(c *config) { c.callTimeout = timeout })
}

// WithTryTimeout bounds one try of a call; default 2 s. It is what a lost reply costs where the connection does not break.
func WithTryTimeout(timeout time.Duration) Option {
	return option(func(c *config) { c.tryTimeout = timeout })
}

// WithCompleteTimeout bounds the report of Run and of a Lease with all its tries; default 30 s. Longer than other calls, because the
// effect has happened: giving up means that it is not recorded.
func WithCompleteTimeout(timeout time.Duration) Option {
	return option(func(c *config) { c.completeTimeout = timeout })
}

// WithRetry says how calls are retried.
func WithRetry(policy RetryPolicy) Option { return option(func(c *config) { c.retry = policy }) }

// WithTransport says how single calls go to the server.
func WithTransport(transport Transport) Option {
	return option(func(c *config) { c.transport = transport })
}

// TLS names files in PEM, read once by [New].
type TLS struct {
	// What the server's certificate must be signed by. Empty: the roots that this machine trusts.
	CAFile string
	// What this client shows to the server, with what lies between it and the CA. Empty: nothing.
	CertFile string
	// The private key of CertFile; both or neither.
	KeyFile string
}

// WithTLS encrypts the connection. Without it, and without [WithTransportCredentials], the connection is not encrypted.
func WithTLS(files TLS) Option { return option(func(c *config) { c.tls = &files }) }

// WithTransportCredentials takes gRPC's credentials for what [WithTLS] cannot say; one or the other.
func WithTransportCredentials(creds credentials.TransportCredentials) Option {
	return option(func(c *config) { c.credentials = creds })
}

// WithBearerToken sends the token with every call, as "authorization: Bearer TOKEN". Refused on a connection that is not encrypted.
func WithBearerToken(token string) Option {
	return WithBearerTokenFunc(func(context.Context) (string, error) { return token, nil })
}

// WithBearerTokenFunc asks for the token at every try, from many goroutines at once: be quick. A stream carries the token that was asked
// for when it was opened, for as long as it lives. An error fails the try as Unauthenticated.
func WithBearerTokenFunc(token func(context.Context) (string, error)) Option {
	return option(func(c *config) { c.bearerToken = token })
}

// WithAuthority is what calls name as their host, and the name that the server's certificate must have. Without it: that of the address.
func WithAuthority(name string) Option { return option(func(c *config) { c.authority = name }) }

// WithKeepalive pings the server while a call is under way and nothing has come for `after` (default 30 s, at least 10 s); no pong within
// `timeout` (default 10 s) breaks the connection, and the call is tried again. Zero `after`: no pings.
func WithKeepalive(after, timeout time.Duration) Option {
	return option(func(c *config) { c.keepaliveTime, c.keepaliveTimeout = after, timeout })
}

// WithUserAgent is what the program calls itself towards the server's access logs, before gRPC's own name. Without it: semel-go/VERSION.
func WithUserAgent(name string) Option { return option(func(c *config) { c.userAgent = name }) }

// WithLogger gets what is worth a line: reports of which the server refused a part, leases that were lost, streams that do not come
// through. Without it: slog.Default().
func WithLogger(logger *slog.Logger) Option { return option(func(c *config) { c.logger = logger }) }

// WithCodec turns the values of Run and Do into payloads and back. Without it: [DefaultCodec]. For [New], or for one run.
func WithCodec(codec Codec) CodecOption { return codecOption{codec} }

// WithErrorPolicy decides what is reported of a function's error. Without it: [DefaultErrorPolicy]. For [New], or for one run.
func WithErrorPolicy(policy ErrorPolicy) ErrorPolicyOption { return errorPolicyOption{policy} }

// WithObserver is told of every run; see the module semel.dev/go/semelotel.
func WithObserver(observer Observer) Option { return option(func(c *config) { c.observer = observer }) }

// WithDialOptions are given to grpc.NewClient after those of this package, for example for interceptors, stats handlers or a dialer.
// Retries are the Client's business: do not add others.
func WithDialOptions(options ...grpc.DialOption) Option {
	return option(func(c *config) { c.dialOptions = append(c.dialOptions, options...) })
}
