package semel

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"semel.dev/go/semelv1"
)

// What the server answers, as the values of this package. Absent messages are zero values.

func durationFrom(wire *durationpb.Duration) time.Duration { return wire.AsDuration() }

func timeFrom(wire *timestamppb.Timestamp) time.Time {
	if wire == nil {
		return time.Time{}
	}
	return wire.AsTime()
}

func stateFrom(wire semelv1.State) (State, error) {
	switch wire {
	case semelv1.State_STATE_IN_PROGRESS:
		return StateInProgress, nil
	case semelv1.State_STATE_IN_DOUBT:
		return StateInDoubt, nil
	case semelv1.State_STATE_DONE:
		return StateDone, nil
	case semelv1.State_STATE_FAILED:
		return StateFailed, nil
	case semelv1.State_STATE_EXPIRED:
		return StateExpired, nil
	}
	return 0, notUnderstood("a state")
}

func previousFrom(wire semelv1.Previous) (Previous, error) {
	switch wire {
	case semelv1.Previous_PREVIOUS_NONE:
		return PreviousNone, nil
	case semelv1.Previous_PREVIOUS_ABANDONED:
		return PreviousAbandoned, nil
	case semelv1.Previous_PREVIOUS_FAILED:
		return PreviousFailed, nil
	case semelv1.Previous_PREVIOUS_RELEASED:
		return PreviousReleased, nil
	}
	return 0, notUnderstood("a `previous`")
}

func resultFrom(wire *semelv1.Result) Result {
	return Result{
		Payload:        wire.GetPayload(),
		ContentType:    wire.GetContentType(),
		Attributes:     wire.GetAttributes(),
		Omitted:        wire.GetOmitted(),
		PayloadSize:    wire.GetPayloadSize(),
		PayloadLeftOut: wire.GetPayloadLeftOut(),
	}
}

func failureFrom(wire *semelv1.Failure) Failure {
	return Failure{
		Reason:         wire.GetReason(),
		Message:        wire.GetMessage(),
		Details:        wire.GetDetails(),
		Retryable:      wire.GetRetryable(),
		RetryAfter:     durationFrom(wire.GetRetryAfter()),
		DetailsLeftOut: wire.GetDetailsLeftOut(),
	}
}

func acquiredFrom(wire *semelv1.Acquired, grantedAt time.Time) (*Acquired, error) {
	previous, err := previousFrom(wire.GetPrevious())
	if err != nil {
		return nil, err
	}
	return &Acquired{
		Token:             wire.GetToken(),
		Attempt:           int(wire.GetAttempt()),
		Lease:             durationFrom(wire.GetLease()),
		Previous:          previous,
		Checkpoint:        wire.GetCheckpoint(),
		CheckpointLeftOut: wire.GetCheckpointLeftOut(),
		grantedAt:         grantedAt,
	}, nil
}

func beginAnswerFrom(wire *semelv1.BeginResponse, grantedAt time.Time) (BeginAnswer, error) {
	switch answer := wire.GetAnswer().(type) {
	case *semelv1.BeginResponse_Acquired:
		return beginAnswerOf(acquiredFrom(answer.Acquired, grantedAt))
	case *semelv1.BeginResponse_Done:
		return &Done{
			Result:       resultFrom(answer.Done.GetResult()),
			CompleteTime: timeFrom(answer.Done.GetCompleteTime()),
			ExpireTime:   timeFrom(answer.Done.GetExpireTime()),
		}, nil
	case *semelv1.BeginResponse_Failed:
		return &Failed{
			Failure:    failureFrom(answer.Failed.GetFailure()),
			RetryAfter: durationFrom(answer.Failed.GetRetryAfter()),
			Attempt:    int(answer.Failed.GetAttempt()),
		}, nil
	case *semelv1.BeginResponse_InProgress:
		return &InProgress{
			Owner:          answer.InProgress.GetOwner(),
			Attempt:        int(answer.InProgress.GetAttempt()),
			LeaseRemaining: durationFrom(answer.InProgress.GetLeaseRemaining()),
			RetryAfter:     durationFrom(answer.InProgress.GetRetryAfter()),
		}, nil
	case *semelv1.BeginResponse_InDoubt:
		return &InDoubt{
			Owner:             answer.InDoubt.GetOwner(),
			Since:             timeFrom(answer.InDoubt.GetSince()),
			Checkpoint:        answer.InDoubt.GetCheckpoint(),
			CheckpointLeftOut: answer.InDoubt.GetCheckpointLeftOut(),
		}, nil
	case *semelv1.BeginResponse_Expired:
		return &Expired{CompleteTime: timeFrom(answer.Expired.GetCompleteTime())}, nil
	}
	return nil, notUnderstood("an answer to Begin")
}

// beginAnswerOf keeps a nil *Acquired from becoming a BeginAnswer that is not nil.
func beginAnswerOf(acquired *Acquired, err error) (BeginAnswer, error) {
	if err != nil {
		return nil, err
	}
	return acquired, nil
}

func completedFrom(wire *semelv1.CompleteResponse) (*Completed, error) {
	state, err := stateFrom(wire.GetState())
	if err != nil {
		return nil, err
	}
	return &Completed{
		State:          state,
		ExpireTime:     timeFrom(wire.GetExpireTime()),
		AlreadyApplied: wire.GetAlreadyApplied(),
		MadeFinal:      wire.GetMadeFinal(),
	}, nil
}

func recordFrom(wire *semelv1.Record) (*Record, error) {
	state, err := stateFrom(wire.GetState())
	if err != nil {
		return nil, err
	}
	previous, err := previousFrom(wire.GetPrevious())
	if err != nil {
		return nil, err
	}
	record := &Record{
		State:          state,
		Attempt:        int(wire.GetAttempt()),
		Owner:          wire.GetOwner(),
		Fingerprint:    wire.GetFingerprint(),
		CreateTime:     timeFrom(wire.GetCreateTime()),
		LeaseRemaining: durationFrom(wire.GetLeaseRemaining()),
		EffectsBegan:   wire.GetEffectsBegan(),
		Checkpoint:     wire.GetCheckpoint(),
		Previous:       previous,
		InDoubtSince:   timeFrom(wire.GetInDoubtSince()),
		CompleteTime:   timeFrom(wire.GetCompleteTime()),
		ExpireTime:     timeFrom(wire.GetExpireTime()),
		ForgetTime:     timeFrom(wire.GetForgetTime()),
	}
	switch outcome := wire.GetOutcome().(type) {
	case *semelv1.Record_Result:
		record.Ending = resultFrom(outcome.Result)
	case *semelv1.Record_Failure:
		record.Ending = failureFrom(outcome.Failure)
	}
	return record, nil
}
