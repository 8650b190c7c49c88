package semel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

const defaultAddress = "localhost:7420"

// What the Options say, completed and checked.
type config struct {
	address          string
	namespace        string
	owner            string
	lease            *time.Duration
	callTimeout      time.Duration
	tryTimeout       time.Duration
	completeTimeout  time.Duration
	retry            RetryPolicy
	transport        Transport
	tls              *TLS
	credentials      credentials.TransportCredentials
	bearerToken      func(context.Context) (string, error)
	authority        string
	keepaliveTime    time.Duration
	keepaliveTimeout time.Duration
	userAgent        string
	logger           *slog.Logger
	codec            Codec
	policy           ErrorPolicy
	observer         Observer
	dialOptions      []grpc.DialOption
}

func newConfig(address string, options []Option) (*config, error) {
	c := &config{
		address:          address,
		callTimeout:      10 * time.Second,
		tryTimeout:       2 * time.Second,
		completeTimeout:  30 * time.Second,
		keepaliveTime:    30 * time.Second,
		keepaliveTimeout: 10 * time.Second,
		userAgent:        "semel-go/" + Version,
	}
	for _, option := range options {
		option.configure(c)
	}
	if c.address == "" {
		c.address = os.Getenv("SEMEL_ADDRESS")
	}
	if c.address == "" {
		c.address = defaultAddress
	}
	if c.owner == "" {
		c.owner = hostAndPID()
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	// Without them what an effect left behind would not be stored, or a panic would take the place of its report.
	if c.codec == nil {
		c.codec = DefaultCodec{}
	}
	if c.policy == nil {
		c.policy = DefaultErrorPolicy
	}
	c.retry = c.retry.completed()
	return c, errors.Join(c.checkAddress(), c.checkTimes(), c.retry.check(), c.completeSecurity())
}

func (c *config) completeNamespace() error {
	if c.namespace == "" {
		c.namespace = os.Getenv("SEMEL_NAMESPACE")
	}
	if c.namespace == "" {
		return optionError("WithNamespace", "is not given, and SEMEL_NAMESPACE is empty: set one")
	}
	return nil
}

func (c *config) checkTimes() error {
	var errs []error
	above := func(option string, value time.Duration) {
		if value <= 0 {
			errs = append(errs, optionError(option, "must be above zero"))
		}
	}
	above("WithCallTimeout", c.callTimeout)
	above("WithTryTimeout", c.tryTimeout)
	above("WithCompleteTimeout", c.completeTimeout)
	if c.keepaliveTime < 0 {
		errs = append(errs, optionError("WithKeepalive", "must not be negative"))
	}
	if c.keepaliveTime > 0 {
		above("WithKeepalive", c.keepaliveTimeout)
	}
	if c.transport < TransportAuto || c.transport > TransportStream {
		errs = append(errs, optionError("WithTransport", "is none of TransportAuto, TransportUnary and TransportStream"))
	}
	return errors.Join(errs...)
}

func (p RetryPolicy) completed() RetryPolicy {
	if p.MaxTries == 0 {
		p.MaxTries = 50
	}
	if p.InitialBackoff == 0 {
		p.InitialBackoff = 50 * time.Millisecond
	}
	if p.MaxBackoff == 0 {
		p.MaxBackoff = max(2*time.Second, p.InitialBackoff)
	}
	if p.Multiplier == 0 {
		p.Multiplier = 2
	}
	if p.Budget == 0 {
		p.Budget = 100
	}
	return p
}

func (p RetryPolicy) check() error {
	switch {
	case p.MaxTries < 1:
		return optionError("WithRetry", "MaxTries must be at least 1")
	case p.InitialBackoff < 0:
		return optionError("WithRetry", "InitialBackoff must not be negative")
	case p.MaxBackoff < p.InitialBackoff:
		return optionError("WithRetry", "MaxBackoff is below InitialBackoff")
	case !(p.Multiplier >= 1): // also not a number
		return optionError("WithRetry", "Multiplier must be at least 1")
	}
	return nil
}

func (c *config) completeSecurity() error {
	if c.tls != nil && c.credentials != nil {
		return optionError("WithTLS", "and WithTransportCredentials exclude each other")
	}
	if c.tls != nil {
		settings, err := c.tls.settings()
		if err != nil {
			return err
		}
		c.credentials = credentials.NewTLS(settings)
	}
	if c.bearerToken != nil && (c.credentials == nil || c.credentials.Info().SecurityProtocol == "insecure") {
		return optionError("WithBearerToken", "would be sent in the open: set WithTLS")
	}
	return nil
}

func (files TLS) settings() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if (files.CertFile == "") != (files.KeyFile == "") {
		return nil, optionError("WithTLS", "CertFile and KeyFile belong together: give both or neither")
	}
	if files.CAFile != "" {
		pem, err := os.ReadFile(files.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", optionError("WithTLS", "CAFile cannot be read"), err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, optionError("WithTLS", "CAFile has no certificate in PEM: "+files.CAFile)
		}
	}
	if files.CertFile != "" {
		certificate, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", optionError("WithTLS", "CertFile and KeyFile cannot be used"), err)
		}
		settings.Certificates = []tls.Certificate{certificate}
	}
	return settings, nil
}

func optionError(option, rule string) error {
	return refusedHere("", ErrFieldInvalid, FieldViolation{Field: option, Description: rule})
}

func hostAndPID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown" // it is only for people
	}
	return fmt.Sprintf("%.64s:%d", host, os.Getpid())
}

// bearer adds the token to every call; gRPC refuses it on a connection that is not encrypted.
type bearer struct {
	token func(context.Context) (string, error)
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }
