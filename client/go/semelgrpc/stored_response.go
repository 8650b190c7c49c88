package semelgrpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	semel "semel.dev/go"
)

// What is stored, the same in every language: a response as its bytes; of another status its code, its message, and as payload the
// google.rpc.Status with its details.
const (
	responseType     = "application/grpc"
	statusType       = "application/grpc-status"
	codeAttribute    = "grpc.status"
	messageAttribute = "grpc.message"
	// What the service takes of an attribute (record.proto); the payload has all of it.
	maxMessageBytes = 256
)

// resultOfResponse never fails: the effect has happened, and has to be recorded, if need be without its response.
func (c *call) resultOfResponse(ctx context.Context, response any) semel.Result {
	attributes := map[string]string{codeAttribute: codeText(codes.OK)}
	message, ok := messageOf(response)
	if !ok {
		return c.omitted(ctx, attributes, fmt.Errorf("a response of type %T is no message of Protobuf", response))
	}
	return c.resultOf(ctx, responseType, attributes, message)
}

func (c *call) resultOfStatus(ctx context.Context, told *status.Status) semel.Result {
	text := strings.ToValidUTF8(told.Message(), "\uFFFD")
	if len(text) > maxMessageBytes {
		text = strings.ToValidUTF8(text[:maxMessageBytes], "") // cut between characters
	}
	return c.resultOf(ctx, statusType, map[string]string{codeAttribute: codeText(told.Code()), messageAttribute: text}, told.Proto())
}

func (c *call) resultOf(ctx context.Context, contentType string, attributes map[string]string, message proto.Message) semel.Result {
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return c.omitted(ctx, attributes, err)
	}
	return semel.Result{Payload: payload, ContentType: contentType, Attributes: attributes}
}

func codeText(code codes.Code) string { return strconv.Itoa(int(code)) }

func (c *call) omitted(ctx context.Context, attributes map[string]string, err error) semel.Result {
	c.logger.ErrorContext(ctx, "semelgrpc: the response cannot be stored; a repeated call will get none", "method", c.info.FullMethod,
		"key", c.key, "error", err)
	return semel.Result{Omitted: true, Attributes: attributes}
}

// replay answers with what an earlier call left behind.
func (c *call) replay(ctx context.Context, result semel.Result) (any, error) {
	code, err := strconv.ParseUint(result.Attributes[codeAttribute], 10, 32)
	switch {
	case err != nil, codes.Code(code) == codes.OK && result.Omitted:
		return nil, notKept.with("this call was done before; its response was not kept")
	case codes.Code(code) == codes.OK:
		return c.replayResponse(ctx, result)
	}
	told := &spb.Status{Code: int32(code), Message: result.Attributes[messageAttribute]}
	if result.ContentType == statusType && !result.Omitted {
		if err := proto.Unmarshal(result.Payload, told); err != nil {
			return nil, c.unreadable(ctx, err)
		}
	}
	c.say(ctx, ReplayedTrailer, "true")
	return nil, status.ErrorProto(told)
}

func (c *call) replayResponse(ctx context.Context, result semel.Result) (any, error) {
	response, err := newResponse(c.info.FullMethod)
	if err == nil {
		err = proto.Unmarshal(result.Payload, response)
	}
	if err != nil {
		return nil, c.unreadable(ctx, err)
	}
	c.say(ctx, ReplayedTrailer, "true")
	return response, nil
}

func (c *call) unreadable(ctx context.Context, err error) error {
	c.logger.ErrorContext(ctx, "semelgrpc: the stored response cannot be read", "method", c.info.FullMethod, "key", c.key, "error", err)
	return notKept.with("this call was done before; its response cannot be read")
}

// newResponse makes an empty message of the type that the method's descriptor names.
func newResponse(fullMethod string) (proto.Message, error) {
	service, method := split(fullMethod)
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, fmt.Errorf("semelgrpc: the service %s is not registered: %w", service, err)
	}
	described, ok := descriptor.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("semelgrpc: %s is no service", service)
	}
	found := described.Methods().ByName(protoreflect.Name(method))
	if found == nil {
		return nil, errors.New("semelgrpc: " + fullMethod + " is not registered")
	}
	messageType, err := protoregistry.GlobalTypes.FindMessageByName(found.Output().FullName())
	if err != nil {
		return nil, fmt.Errorf("semelgrpc: the response of %s is not registered: %w", fullMethod, err)
	}
	return messageType.New().Interface(), nil
}

// split makes shop.v1.Orders and Create of /shop.v1.Orders/Create.
func split(fullMethod string) (service, method string) {
	fullMethod = strings.TrimPrefix(fullMethod, "/")
	last := strings.LastIndex(fullMethod, "/")
	return fullMethod[:max(last, 0)], fullMethod[last+1:]
}
