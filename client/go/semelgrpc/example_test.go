package semelgrpc_test

import (
	"context"
	"log"
	"net"
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
			return metadata.ValueFromIncomingContext(ctx, "x-user"), nil // as an interceptor before this one checked it
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
