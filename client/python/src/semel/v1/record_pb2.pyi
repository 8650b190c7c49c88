from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATE_UNSPECIFIED: _ClassVar[State]
    STATE_IN_PROGRESS: _ClassVar[State]
    STATE_IN_DOUBT: _ClassVar[State]
    STATE_DONE: _ClassVar[State]
    STATE_FAILED: _ClassVar[State]
    STATE_EXPIRED: _ClassVar[State]

class Previous(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREVIOUS_UNSPECIFIED: _ClassVar[Previous]
    PREVIOUS_NONE: _ClassVar[Previous]
    PREVIOUS_ABANDONED: _ClassVar[Previous]
    PREVIOUS_FAILED: _ClassVar[Previous]
    PREVIOUS_RELEASED: _ClassVar[Previous]
STATE_UNSPECIFIED: State
STATE_IN_PROGRESS: State
STATE_IN_DOUBT: State
STATE_DONE: State
STATE_FAILED: State
STATE_EXPIRED: State
PREVIOUS_UNSPECIFIED: Previous
PREVIOUS_NONE: Previous
PREVIOUS_ABANDONED: Previous
PREVIOUS_FAILED: Previous
PREVIOUS_RELEASED: Previous

class Result(_message.Message):
    __slots__ = ("payload", "content_type", "attributes", "omitted", "payload_size", "payload_left_out")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    OMITTED_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    content_type: str
    attributes: _containers.ScalarMap[str, str]
    omitted: bool
    payload_size: int
    payload_left_out: bool
    def __init__(self, payload: _Optional[bytes] = ..., content_type: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ..., omitted: bool = ..., payload_size: _Optional[int] = ..., payload_left_out: bool = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("reason", "message", "details", "retryable", "retry_after", "details_left_out")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    DETAILS_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    details: bytes
    retryable: bool
    retry_after: _duration_pb2.Duration
    details_left_out: bool
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., details: _Optional[bytes] = ..., retryable: bool = ..., retry_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., details_left_out: bool = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("state", "attempt", "owner", "fingerprint", "create_time", "lease_remaining", "effects_began", "checkpoint", "previous", "in_doubt_since", "complete_time", "expire_time", "forget_time", "result", "failure")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LEASE_REMAINING_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_BEGAN_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    IN_DOUBT_SINCE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    FORGET_TIME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    state: State
    attempt: int
    owner: str
    fingerprint: bytes
    create_time: _timestamp_pb2.Timestamp
    lease_remaining: _duration_pb2.Duration
    effects_began: bool
    checkpoint: bytes
    previous: Previous
    in_doubt_since: _timestamp_pb2.Timestamp
    complete_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    forget_time: _timestamp_pb2.Timestamp
    result: Result
    failure: Failure
    def __init__(self, state: _Optional[_Union[State, str]] = ..., attempt: _Optional[int] = ..., owner: _Optional[str] = ..., fingerprint: _Optional[bytes] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., lease_remaining: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., effects_began: bool = ..., checkpoint: _Optional[bytes] = ..., previous: _Optional[_Union[Previous, str]] = ..., in_doubt_since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., complete_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., forget_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., result: _Optional[_Union[Result, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...
