package semelgrpc

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	semel "semel.dev/go"
	"semel.dev/go/internal/keyvalue"
)

// What a response's trailer says, beside what the method says itself.
const (
	// ReplayedTrailer is "true" with a response or status of an earlier call.
	ReplayedTrailer = "idempotency-replayed"
	// RecordedTrailer is "false" where the method ran and what became of it is not recorded: the next call may run it again.
	RecordedTrailer = "idempotency-recorded"
)

// UnaryServerInterceptor makes an interceptor that lets methods run once for each key. Put it after the one that authenticates. The Client
// stays the caller's, who closes it after the server has stopped. Errors: options that are wrong.
func UnaryServerInterceptor(client *semel.Client, options ...Option) (grpc.UnaryServerInterceptor, error) {
	if client == nil {
		return nil, errors.New("semelgrpc: the client is nil: pass the Client that semel.New answered")
	}
	config, err := configOf(options)
	if err != nil {
		return nil, err
	}
	i := &interceptor{config: config, client: client}
	return i.intercept, nil
}

type interceptor struct {
	config
	client *semel.Client
}

func (i *interceptor) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, method grpc.UnaryHandler) (any, error) {
	requirement := i.requirement(info.FullMethod)
	values := metadata.ValueFromIncomingContext(ctx, i.metadataKey)
	switch {
	case requirement == Off, requirement == Optional && len(values) == 0:
		return method(ctx, request)
	case len(values) == 0:
		return nil, keyMissing.with("this method needs the metadata " + i.metadataKey)
	}
	key, err := keyvalue.Read(values)
	if err != nil {
		return nil, keyMalformed.with("the metadata " + i.metadataKey + " is wrong: " + err.Error())
	}
	c := &call{interceptor: i, info: info, request: request, method: method}
	if c.key, err = i.keyInSemel(ctx, info.FullMethod, key); err == nil {
		c.fingerprintOfRequest, err = i.fingerprintOf(ctx, info.FullMethod, request)
	}
	if err != nil {
		i.logger.ErrorContext(ctx, "semelgrpc: the call has no key or no fingerprint", "method", info.FullMethod, "error", err)
		return nil, refused.with("the server cannot tell which call this is")
	}
	return c.serve(ctx)
}

// keyInSemel is KeyOf(prefix, full method, scope, key of the metadata), the same in every language.
func (i *interceptor) keyInSemel(ctx context.Context, fullMethod, key string) (string, error) {
	var parts []any
	if i.prefix != "" {
		parts = append(parts, i.prefix)
	}
	parts = append(parts, fullMethod)
	scope, err := i.scope(ctx, fullMethod)
	if err != nil {
		return "", fmt.Errorf("semelgrpc: no scope: %w", err)
	}
	for _, part := range scope {
		parts = append(parts, part)
	}
	return semel.KeyOf(append(parts, key)...)
}

func (i *interceptor) fingerprintOf(ctx context.Context, fullMethod string, request any) ([]byte, error) {
	message, ok := messageOf(request)
	if !ok {
		return nil, fmt.Errorf("semelgrpc: a request of type %T is no message of Protobuf", request)
	}
	if i.fingerprint != nil {
		return i.fingerprint(ctx, fullMethod, message)
	}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("semelgrpc: no fingerprint: %w", err)
	}
	return semel.Fingerprint(bytes)
}

// messageOf also knows messages of the first Go API of Protobuf, as gRPC does.
func messageOf(message any) (proto.Message, bool) {
	switch m := message.(type) {
	case proto.Message:
		return m, true
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m), true
	}
	return nil, false
}
