package semelgrpc_test

import (
	"context"
	"log"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	semel "semel.dev/go"
	"semel.dev/go/semelgrpc"
)

func Example() {
	client, err := semel.New("localhost:7420", semel.WithNamespace("shop"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	once, err := semelgrpc.UnaryServerInterceptor(client,
		semelgrpc.RequiredFor("/shop.v1.Orders/Create"),
		semelgrpc.WithWait(5*time.Second),
		// Without it, one user could read another's response by guessing a key.
		semelgrpc.WithScope(func(ctx context.Context, _ string) ([]string, error) {
			// As an interceptor before this one has checked it. Without a user the part is empty, and nothing runs.
			return []string{strings.Join(metadata.ValueFromIncomingContext(ctx, "x-user"), "")}, nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(once), grpc.WaitForHandlers(true))
	listener, err := net.Listen("tcp", "localhost:8081")
	if err != nil {
		log.Fatal(err)
	}
	log.Print(server.Serve(listener))
}
