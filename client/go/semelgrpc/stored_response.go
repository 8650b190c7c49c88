package semelgrpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	semel "semel.dev/go"
)

const (
	// What is stored is a message of Protobuf: the response where the code is 0, else a google.rpc.Status.
	contentType   = "application/x-protobuf"
	codeAttribute = "grpc.code"
)

func attributesOf(code codes.Code) map[string]string {
	return map[string]string{codeAttribute: strconv.Itoa(int(code))}
}

// resultOfResponse never fails: the effect has happened, and has to be recorded, if need be without its response.
func (c *call) resultOfResponse(ctx context.Context, response any) semel.Result {
	message, ok := messageOf(response)
	if !ok {
		return c.omitted(ctx, codes.OK, fmt.Errorf("a response of type %T is no message of Protobuf", response))
	}
	return c.resultOf(ctx, codes.OK, message)
}

func (c *call) resultOfStatus(ctx context.Context, told *status.Status) semel.Result {
	return c.resultOf(ctx, told.Code(), told.Proto())
}

func (c *call) resultOf(ctx context.Context, code codes.Code, message proto.Message) semel.Result {
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return c.omitted(ctx, code, err)
	}
	return semel.Result{Payload: payload, ContentType: contentType, Attributes: attributesOf(code)}
}

func (c *call) omitted(ctx context.Context, code codes.Code, err error) semel.Result {
	c.logger.ErrorContext(ctx, "semelgrpc: the response cannot be stored; a repeated call will get none", "method", c.info.FullMethod,
		"key", c.key, "error", err)
	return semel.Result{Omitted: true, Attributes: attributesOf(code)}
}

// replay answers with what an earlier call left behind.
func (c *call) replay(ctx context.Context, result semel.Result) (any, error) {
	code, err := strconv.ParseUint(result.Attributes[codeAttribute], 10, 32)
	if err != nil || result.Omitted {
		return nil, notKept.with("this call was done before; its response was not kept")
	}
	if codes.Code(code) != codes.OK {
		told := &spb.Status{}
		if err := proto.Unmarshal(result.Payload, told); err != nil {
			return nil, c.unreadable(ctx, err)
		}
		c.say(ctx, ReplayedHeader, "true")
		return nil, status.ErrorProto(told)
	}
	response, err := newResponse(c.info.FullMethod)
	if err == nil {
		err = proto.Unmarshal(result.Payload, response)
	}
	if err != nil {
		return nil, c.unreadable(ctx, err)
	}
	c.say(ctx, ReplayedHeader, "true")
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
