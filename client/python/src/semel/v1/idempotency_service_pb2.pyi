from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from semel.v1 import error_pb2 as _error_pb2
from semel.v1 import record_pb2 as _record_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BeginRequest(_message.Message):
    __slots__ = ("namespace", "key", "fingerprint", "attempt_id", "lease", "wait", "owner")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    fingerprint: bytes
    attempt_id: bytes
    lease: _duration_pb2.Duration
    wait: _duration_pb2.Duration
    owner: str
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., fingerprint: _Optional[bytes] = ..., attempt_id: _Optional[bytes] = ..., lease: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., wait: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., owner: _Optional[str] = ...) -> None: ...

class BeginResponse(_message.Message):
    __slots__ = ("acquired", "done", "failed", "in_progress", "in_doubt", "expired")
    ACQUIRED_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    IN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    IN_DOUBT_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    acquired: Acquired
    done: Done
    failed: Failed
    in_progress: InProgress
    in_doubt: InDoubt
    expired: Expired
    def __init__(self, acquired: _Optional[_Union[Acquired, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., failed: _Optional[_Union[Failed, _Mapping]] = ..., in_progress: _Optional[_Union[InProgress, _Mapping]] = ..., in_doubt: _Optional[_Union[InDoubt, _Mapping]] = ..., expired: _Optional[_Union[Expired, _Mapping]] = ...) -> None: ...

class Acquired(_message.Message):
    __slots__ = ("token", "attempt", "lease", "previous", "checkpoint", "checkpoint_left_out")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    token: int
    attempt: int
    lease: _duration_pb2.Duration
    previous: _record_pb2.Previous
    checkpoint: bytes
    checkpoint_left_out: bool
    def __init__(self, token: _Optional[int] = ..., attempt: _Optional[int] = ..., lease: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., previous: _Optional[_Union[_record_pb2.Previous, str]] = ..., checkpoint: _Optional[bytes] = ..., checkpoint_left_out: bool = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("result", "complete_time", "expire_time")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    result: _record_pb2.Result
    complete_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, result: _Optional[_Union[_record_pb2.Result, _Mapping]] = ..., complete_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Failed(_message.Message):
    __slots__ = ("failure", "retry_after", "attempt")
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    failure: _record_pb2.Failure
    retry_after: _duration_pb2.Duration
    attempt: int
    def __init__(self, failure: _Optional[_Union[_record_pb2.Failure, _Mapping]] = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., attempt: _Optional[int] = ...) -> None: ...

class InProgress(_message.Message):
    __slots__ = ("owner", "attempt", "lease_remaining", "retry_after")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    LEASE_REMAINING_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    owner: str
    attempt: int
    lease_remaining: _duration_pb2.Duration
    retry_after: _duration_pb2.Duration
    def __init__(self, owner: _Optional[str] = ..., attempt: _Optional[int] = ..., lease_remaining: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class InDoubt(_message.Message):
    __slots__ = ("owner", "since", "checkpoint", "checkpoint_left_out")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    owner: str
    since: _timestamp_pb2.Timestamp
    checkpoint: bytes
    checkpoint_left_out: bool
    def __init__(self, owner: _Optional[str] = ..., since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., checkpoint: _Optional[bytes] = ..., checkpoint_left_out: bool = ...) -> None: ...

class Expired(_message.Message):
    __slots__ = ("complete_time",)
    COMPLETE_TIME_FIELD_NUMBER: _ClassVar[int]
    complete_time: _timestamp_pb2.Timestamp
    def __init__(self, complete_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CompleteRequest(_message.Message):
    __slots__ = ("namespace", "key", "token", "result", "failure", "retention")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    token: int
    result: _record_pb2.Result
    failure: _record_pb2.Failure
    retention: _duration_pb2.Duration
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., token: _Optional[int] = ..., result: _Optional[_Union[_record_pb2.Result, _Mapping]] = ..., failure: _Optional[_Union[_record_pb2.Failure, _Mapping]] = ..., retention: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CompleteResponse(_message.Message):
    __slots__ = ("state", "expire_time", "already_applied", "made_final")
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ALREADY_APPLIED_FIELD_NUMBER: _ClassVar[int]
    MADE_FINAL_FIELD_NUMBER: _ClassVar[int]
    state: _record_pb2.State
    expire_time: _timestamp_pb2.Timestamp
    already_applied: bool
    made_final: bool
    def __init__(self, state: _Optional[_Union[_record_pb2.State, str]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., already_applied: bool = ..., made_final: bool = ...) -> None: ...

class LookupRequest(_message.Message):
    __slots__ = ("namespace", "key")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: _record_pb2.Record
    def __init__(self, record: _Optional[_Union[_record_pb2.Record, _Mapping]] = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("namespace", "key", "token", "lease")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    token: int
    lease: _duration_pb2.Duration
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., token: _Optional[int] = ..., lease: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RenewResponse(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: _duration_pb2.Duration
    def __init__(self, lease: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("namespace", "key", "token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    token: int
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., token: _Optional[int] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CheckpointRequest(_message.Message):
    __slots__ = ("namespace", "key", "token", "data", "effects_began")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_BEGAN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    token: int
    data: bytes
    effects_began: bool
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., token: _Optional[int] = ..., data: _Optional[bytes] = ..., effects_began: bool = ...) -> None: ...

class CheckpointResponse(_message.Message):
    __slots__ = ("lease_remaining",)
    LEASE_REMAINING_FIELD_NUMBER: _ClassVar[int]
    lease_remaining: _duration_pb2.Duration
    def __init__(self, lease_remaining: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class BatchBeginRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[BeginRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[BeginRequest, _Mapping]]] = ...) -> None: ...

class BatchBeginResponse(_message.Message):
    __slots__ = ("items",)
    class Item(_message.Message):
        __slots__ = ("response", "error")
        RESPONSE_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        response: BeginResponse
        error: _error_pb2.Error
        def __init__(self, response: _Optional[_Union[BeginResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[BatchBeginResponse.Item]
    def __init__(self, items: _Optional[_Iterable[_Union[BatchBeginResponse.Item, _Mapping]]] = ...) -> None: ...

class BatchCompleteRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[CompleteRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[CompleteRequest, _Mapping]]] = ...) -> None: ...

class BatchCompleteResponse(_message.Message):
    __slots__ = ("items",)
    class Item(_message.Message):
        __slots__ = ("response", "error")
        RESPONSE_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        response: CompleteResponse
        error: _error_pb2.Error
        def __init__(self, response: _Optional[_Union[CompleteResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[BatchCompleteResponse.Item]
    def __init__(self, items: _Optional[_Iterable[_Union[BatchCompleteResponse.Item, _Mapping]]] = ...) -> None: ...

class BatchRenewRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RenewRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RenewRequest, _Mapping]]] = ...) -> None: ...

class BatchRenewResponse(_message.Message):
    __slots__ = ("items",)
    class Item(_message.Message):
        __slots__ = ("response", "error")
        RESPONSE_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        response: RenewResponse
        error: _error_pb2.Error
        def __init__(self, response: _Optional[_Union[RenewResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[BatchRenewResponse.Item]
    def __init__(self, items: _Optional[_Iterable[_Union[BatchRenewResponse.Item, _Mapping]]] = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("operations", "cancelled")
    class Operation(_message.Message):
        __slots__ = ("id", "timeout", "begin", "complete", "lookup", "renew", "release", "checkpoint")
        ID_FIELD_NUMBER: _ClassVar[int]
        TIMEOUT_FIELD_NUMBER: _ClassVar[int]
        BEGIN_FIELD_NUMBER: _ClassVar[int]
        COMPLETE_FIELD_NUMBER: _ClassVar[int]
        LOOKUP_FIELD_NUMBER: _ClassVar[int]
        RENEW_FIELD_NUMBER: _ClassVar[int]
        RELEASE_FIELD_NUMBER: _ClassVar[int]
        CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
        id: int
        timeout: _duration_pb2.Duration
        begin: BeginRequest
        complete: CompleteRequest
        lookup: LookupRequest
        renew: RenewRequest
        release: ReleaseRequest
        checkpoint: CheckpointRequest
        def __init__(self, id: _Optional[int] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., begin: _Optional[_Union[BeginRequest, _Mapping]] = ..., complete: _Optional[_Union[CompleteRequest, _Mapping]] = ..., lookup: _Optional[_Union[LookupRequest, _Mapping]] = ..., renew: _Optional[_Union[RenewRequest, _Mapping]] = ..., release: _Optional[_Union[ReleaseRequest, _Mapping]] = ..., checkpoint: _Optional[_Union[CheckpointRequest, _Mapping]] = ...) -> None: ...
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[SessionRequest.Operation]
    cancelled: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, operations: _Optional[_Iterable[_Union[SessionRequest.Operation, _Mapping]]] = ..., cancelled: _Optional[_Iterable[int]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("answers", "limits")
    class Answer(_message.Message):
        __slots__ = ("id", "begin", "complete", "lookup", "renew", "release", "checkpoint", "error")
        ID_FIELD_NUMBER: _ClassVar[int]
        BEGIN_FIELD_NUMBER: _ClassVar[int]
        COMPLETE_FIELD_NUMBER: _ClassVar[int]
        LOOKUP_FIELD_NUMBER: _ClassVar[int]
        RENEW_FIELD_NUMBER: _ClassVar[int]
        RELEASE_FIELD_NUMBER: _ClassVar[int]
        CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        id: int
        begin: BeginResponse
        complete: CompleteResponse
        lookup: LookupResponse
        renew: RenewResponse
        release: ReleaseResponse
        checkpoint: CheckpointResponse
        error: _error_pb2.Error
        def __init__(self, id: _Optional[int] = ..., begin: _Optional[_Union[BeginResponse, _Mapping]] = ..., complete: _Optional[_Union[CompleteResponse, _Mapping]] = ..., lookup: _Optional[_Union[LookupResponse, _Mapping]] = ..., renew: _Optional[_Union[RenewResponse, _Mapping]] = ..., release: _Optional[_Union[ReleaseResponse, _Mapping]] = ..., checkpoint: _Optional[_Union[CheckpointResponse, _Mapping]] = ..., error: _Optional[_Union[_error_pb2.Error, _Mapping]] = ...) -> None: ...
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[SessionResponse.Answer]
    limits: SessionLimits
    def __init__(self, answers: _Optional[_Iterable[_Union[SessionResponse.Answer, _Mapping]]] = ..., limits: _Optional[_Union[SessionLimits, _Mapping]] = ...) -> None: ...

class SessionLimits(_message.Message):
    __slots__ = ("max_operations", "max_unanswered")
    MAX_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_UNANSWERED_FIELD_NUMBER: _ClassVar[int]
    max_operations: int
    max_unanswered: int
    def __init__(self, max_operations: _Optional[int] = ..., max_unanswered: _Optional[int] = ...) -> None: ...
