package semel_test

import (
	"context"
	"os"
	"sync"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
)

// The examples share a server, which starts with the first of them.
var exampleServer = sync.OnceValue(func() *semeldtest.Process {
	directory, err := os.MkdirTemp("", "semel-examples-")
	if err != nil {
		panic(err)
	}
	server, err := semeldtest.Launch(context.Background(), semeldtest.Options{Directory: directory})
	if err != nil {
		panic(err)
	}
	endExamples = func() {
		_ = server.Kill() // the tests are over either way
		_ = os.RemoveAll(directory)
	}
	return server
})

// endExamples ends that server.
var endExamples = func() {}

func exampleClient(options ...semel.Option) *semel.Client {
	client, err := semel.New(exampleServer().Address, append([]semel.Option{semel.WithNamespace("shop")}, options...)...)
	if err != nil {
		panic(err)
	}
	return client
}

func exampleAdmin() *semel.AdminClient {
	admin, err := semel.NewAdmin(exampleServer().Address)
	if err != nil {
		panic(err)
	}
	return admin
}
