package semel

import (
	"sync"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// connection is the one way to the server: a call is tried until there is an answer, an error that repeating does not mend, or no time
// left (retry.go).
type connection struct {
	address string
	retry   RetryPolicy
	budget  *retryBudget
	conn    *grpc.ClientConn

	closing   chan struct{} // closed when the client is
	closeOnce sync.Once
}

// newConnection returns without waiting for the server, which may not be there yet.
func newConnection(c *config) (*connection, error) {
	conn, err := grpc.NewClient(c.address, dialOptions(c)...)
	if err != nil {
		return nil, optionError("the address", err.Error())
	}
	return &connection{
		address: c.address,
		retry:   c.retry,
		budget:  newRetryBudget(c.retry.Budget),
		conn:    conn,
		closing: make(chan struct{}),
	}, nil
}

func dialOptions(c *config) []grpc.DialOption {
	creds := c.credentials
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithUserAgent(c.userAgent),
		// Retries and timeouts are the client's own; nobody's DNS record changes them.
		grpc.WithDisableServiceConfig(),
		// gRPC's own pause between connection attempts grows to two minutes: far longer than a restart of the server takes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           grpcbackoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if c.keepaliveTime > 0 {
		options = append(options, grpc.WithKeepaliveParams(
			keepalive.ClientParameters{Time: c.keepaliveTime, Timeout: c.keepaliveTimeout}))
	}
	if c.authority != "" {
		options = append(options, grpc.WithAuthority(c.authority))
	}
	if c.bearerToken != nil {
		options = append(options, grpc.WithPerRPCCredentials(bearer{c.bearerToken}))
	}
	return append(options, c.dialOptions...)
}

// startClosing wakes those who pause between tries; what is on its way may still end.
func (c *connection) startClosing() { c.closeOnce.Do(func() { close(c.closing) }) }

func (c *connection) isClosing() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}
