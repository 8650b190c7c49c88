package semel

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"semel.dev/go/semelv1"
)

// renewAll makes one try of a BatchRenew for the keeper, which has its own idea of when to try again.
func (c *Client) renewAll(ctx context.Context, leases []heldKey) ([]renewed, error) {
	batch := &semelv1.BatchRenewRequest{Requests: make([]*semelv1.RenewRequest, len(leases))}
	for i, lease := range leases {
		batch.Requests[i] = &semelv1.RenewRequest{Namespace: lease.namespace, Key: lease.key, Token: lease.token}
	}
	// Between renewals nobody may be using the connection; where it broke, wait for it.
	response, err := c.calls.stub.BatchRenew(ctx, batch, grpc.WaitForReady(true))
	if err != nil {
		return nil, wholeBatchError(err)
	}
	items := response.GetItems()
	if len(items) != len(leases) {
		return nil, notUnderstood("another number of items")
	}
	answers := make([]renewed, len(items))
	for i, item := range items {
		if refused := item.GetError(); refused != nil {
			answers[i].err = errorOfItem(refused)
			continue
		}
		answers[i].length = durationFrom(item.GetResponse().GetLease())
	}
	return answers, nil
}

// wholeBatchError is of no single lease: whatever its code, none of them is known to be over.
func wholeBatchError(err error) error {
	told := errorOfCall(err)
	return fmt.Errorf("semel: BatchRenew: %v: %s", told.Code, told.Message)
}
