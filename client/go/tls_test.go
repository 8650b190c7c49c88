package semel_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// authority makes certificates, and writes itself as PEM.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key, file}
}

func (a *authority) certify(t *testing.T, host string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// behindTLS takes TLS off before the server, as a load balancer does.
func behindTLS(t *testing.T, target string, certificate tls.Certificate) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	var forward = func(to io.WriteCloser, from io.ReadCloser) {
		defer done.Done()
		_, _ = io.Copy(to, from) // ends with either side
		_ = to.Close()
		_ = from.Close()
	}
	done.Add(1)
	go func() {
		defer done.Done()
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			done.Add(2)
			go forward(server, client)
			go forward(client, server)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		done.Wait()
	})
	return listener.Addr().String()
}

func TestTLS(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	trusted := newAuthority(t)
	address := behindTLS(t, server.Address, trusted.certify(t, "semel.example.com"))
	named := semel.WithAuthority("semel.example.com")

	asked := make(chan struct{}, 100)
	client := newClient(t, address, named, semel.WithTLS(semel.TLS{CAFile: trusted.file}),
		semel.WithBearerTokenFunc(func(context.Context) (string, error) {
			asked <- struct{}{}
			return "secret", nil
		}))
	if _, err := client.Begin(within(t), "order/1"); err != nil {
		t.Error(err)
	}
	<-asked

	for name, options := range map[string][]semel.Option{
		"another CA":   {named, semel.WithTLS(semel.TLS{CAFile: newAuthority(t).file})},
		"another name": {semel.WithAuthority("other.example.com"), semel.WithTLS(semel.TLS{CAFile: trusted.file})},
	} {
		client := newClient(t, address, options...)
		_, err := client.Begin(within(t), "order/2")
		var distrust *semel.Error
		if !errors.As(err, &distrust) || distrust.Code != codes.Unauthenticated || distrust.OutcomeUnknown || distrust.Tries != 1 {
			t.Errorf("%s: got %+v", name, err)
		}
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	t.Setenv("SEMEL_NAMESPACE", "")
	shop := semel.WithNamespace("shop")
	for name, options := range map[string][]semel.Option{
		"no namespace":          {},
		"a token in the open":   {shop, semel.WithBearerToken("secret")},
		"no such file":          {shop, semel.WithTLS(semel.TLS{CAFile: "/no/such/file"})},
		"half a pair":           {shop, semel.WithTLS(semel.TLS{CertFile: "x"})},
		"no time":               {shop, semel.WithCallTimeout(0)},
		"no tries":              {shop, semel.WithRetry(semel.RetryPolicy{MaxTries: -1})},
		"a shrinking pause":     {shop, semel.WithRetry(semel.RetryPolicy{Multiplier: 0.5})},
		"an unknown transport":  {shop, semel.WithTransport(7)},
		"pings without timeout": {shop, semel.WithKeepalive(time.Minute, 0)},
	} {
		client, err := semel.New("localhost:1", options...)
		if !errors.Is(err, semel.ErrFieldInvalid) || client != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheEnvironmentStandsInForWhatIsLeftOut(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	t.Setenv("SEMEL_ADDRESS", server.Address)
	t.Setenv("SEMEL_NAMESPACE", "bank")
	client, err := semel.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if client.Namespace() != "bank" || client.Owner() == "" {
		t.Errorf("got %q and %q", client.Namespace(), client.Owner())
	}
	if _, err := client.Begin(within(t), "order/1"); err != nil {
		t.Error(err)
	}
}

// The effect has happened: its report waits for a token that is being renewed.
func TestAReportWaitsForAToken(t *testing.T) {
	server := semeldtest.Start(t, semeldtest.Options{})
	trusted := newAuthority(t)
	address := behindTLS(t, server.Address, trusted.certify(t, "semel.example.com"))
	var missing atomic.Int32
	client := newClient(t, address, semel.WithAuthority("semel.example.com"), semel.WithTLS(semel.TLS{CAFile: trusted.file}),
		semel.WithTransport(semel.TransportUnary), semel.WithBearerTokenFunc(func(context.Context) (string, error) {
			if missing.Add(-1) >= 0 {
				return "", errors.New("no token yet")
			}
			return "secret", nil
		}))
	outcome, err := semel.Run(within(t), client, "order/1", func(context.Context, *semel.Attempt) (string, error) {
		missing.Store(2)
		return "paid", nil
	})
	if err != nil || outcome.Value != "paid" || missing.Load() != -1 {
		t.Errorf("got %+v, %v, %d", outcome, err, missing.Load())
	}
	// Nothing is lost where a Begin does not wait.
	missing.Store(1)
	_, err = client.Begin(within(t), "order/2")
	var refused *semel.Error
	if !errors.As(err, &refused) || refused.Code != codes.Unauthenticated || refused.Tries != 1 || refused.OutcomeUnknown {
		t.Errorf("got %+v", err)
	}
}
