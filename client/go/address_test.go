package semel

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
)

func TestAddressesThatLeadNowhereAreRefused(t *testing.T) {
	t.Setenv("SEMEL_NAMESPACE", "shop")
	for _, address := range []string{
		"localhost:7420", "127.0.0.1:65535", "semel_1.example.com:1", "[::1]:7420", "[fe80::1%25lo]:7420", "dns:///localhost:7420",
		"dns:localhost:7420", "dns://127.0.0.1/localhost:7420", "unix:/nowhere", "unix:///nowhere", "passthrough:///localhost:7420",
		"passthrough:anything", "",
	} {
		client, err := New(address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	for address, want := range map[string]string{
		"localhost":               "has no port",
		"[::1]":                   "has no port",
		"dns:///localhost":        "has no port",
		"localhost:":              "has no port from 1 to 65535",
		"localhost:0":             "has no port from 1 to 65535",
		"localhost:65536":         "has no port from 1 to 65535",
		"localhost:-1":            "has no port from 1 to 65535",
		"localhost:+1":            "has no port from 1 to 65535",
		"localhost:grpc":          "has no port from 1 to 65535",
		"localhost:7420 ":         "has no port from 1 to 65535",
		":7420":                   "host:port",
		"local host:7420":         "host:port",
		"localhost/x:7420":        "host:port",
		"[localhost]:7420":        "host:port",
		"::1:7420":                "stands in brackets",
		"http://localhost:7420":   "host:port, without a scheme",
		"https://localhost:7420/": "host:port, without a scheme",
		"grpc://localhost:7420":   "host:port, without a scheme",
		"dns://localhost:7420":    "dns:///host:port",
		"unix:":                   "says nothing",
	} {
		check := func(err error) {
			var refused *Error
			if !errors.As(err, &refused) || refused.Reason != ErrFieldInvalid || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, which does not say %q", address, err, want)
			}
		}
		_, err := New(address)
		check(err)
		_, err = NewAdmin(address)
		check(err)
		t.Setenv("SEMEL_ADDRESS", address)
		_, err = New("")
		check(err)
		t.Setenv("SEMEL_ADDRESS", "")
	}
}

func TestDialOptionsMayBringSchemesOfTheirOwn(t *testing.T) {
	own := []grpc.DialOption{grpc.WithNoProxy()}
	for address, isRight := range map[string]bool{"mine:///shop": true, "http://localhost:7420": false, "localhost": false} {
		err := (&config{address: address, dialOptions: own}).checkAddress()
		if (err == nil) != isRight {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
