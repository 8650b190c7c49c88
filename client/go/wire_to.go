package semel

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"semel.dev/go/semelv1"
)

// What is asked, as messages of the service. Nothing is checked that the server checks anyway; see request_check.go for the rest.

func (c *Client) namespaceOf(settings callSettings) string {
	if settings.namespace != nil {
		return *settings.namespace
	}
	return c.config.namespace
}

func (c *Client) beginRequest(key string, settings callSettings) *semelv1.BeginRequest {
	request := &semelv1.BeginRequest{
		Namespace:   c.namespaceOf(settings),
		Key:         key,
		Fingerprint: settings.fingerprint,
		AttemptId:   settings.attemptID,
		Owner:       c.config.owner,
	}
	if request.AttemptId == nil {
		request.AttemptId = NewAttemptID()
	}
	if settings.owner != nil {
		request.Owner = *settings.owner
	}
	lease := settings.lease
	if lease == nil {
		lease = c.config.lease
	}
	if lease != nil {
		request.Lease = durationpb.New(*lease)
	}
	if settings.wait != 0 {
		request.Wait = durationpb.New(settings.wait)
	}
	return request
}

// waitingFor is the same request with another wait; the first one may still be on its way.
func waitingFor(request *semelv1.BeginRequest, wait time.Duration) *semelv1.BeginRequest {
	again := proto.Clone(request).(*semelv1.BeginRequest)
	again.Wait = durationpb.New(wait)
	return again
}

func (c *Client) completeRequest(key string, token int64, ending Ending, settings callSettings) *semelv1.CompleteRequest {
	request := &semelv1.CompleteRequest{Namespace: c.namespaceOf(settings), Key: key, Token: token}
	switch e := plainEnding(ending).(type) {
	case Result:
		request.Outcome = &semelv1.CompleteRequest_Result{Result: resultTo(e)}
	case Failure:
		request.Outcome = &semelv1.CompleteRequest_Failure{Failure: failureTo(e)}
	}
	if settings.retention != nil {
		request.Retention = durationpb.New(*settings.retention)
	}
	return request
}

func (c *Client) renewRequest(key string, token int64, settings callSettings) *semelv1.RenewRequest {
	request := &semelv1.RenewRequest{Namespace: c.namespaceOf(settings), Key: key, Token: token}
	if settings.lease != nil {
		request.Lease = durationpb.New(*settings.lease)
	}
	return request
}

func resultTo(result Result) *semelv1.Result {
	return &semelv1.Result{
		Payload:     result.Payload,
		ContentType: result.ContentType,
		Attributes:  result.Attributes,
		Omitted:     result.Omitted,
	}
}

func failureTo(failure Failure) *semelv1.Failure {
	wire := &semelv1.Failure{
		Reason:    failure.Reason,
		Message:   failure.Message,
		Details:   failure.Details,
		Retryable: failure.Retryable,
	}
	if failure.RetryAfter != 0 {
		wire.RetryAfter = durationpb.New(failure.RetryAfter)
	}
	return wire
}
