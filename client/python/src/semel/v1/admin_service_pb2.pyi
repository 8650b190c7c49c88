from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from semel.v1 import record_pb2 as _record_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListKeysRequest(_message.Message):
    __slots__ = ("namespace", "key_prefix", "state", "page_size", "page_token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_PREFIX_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key_prefix: str
    state: _record_pb2.State
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., key_prefix: _Optional[str] = ..., state: _Optional[_Union[_record_pb2.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListKeysResponse(_message.Message):
    __slots__ = ("keys", "next_page_token")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[ListedKey]
    next_page_token: str
    def __init__(self, keys: _Optional[_Iterable[_Union[ListedKey, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListedKey(_message.Message):
    __slots__ = ("namespace", "key", "record", "checkpoint_size")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_SIZE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    record: _record_pb2.Record
    checkpoint_size: int
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., record: _Optional[_Union[_record_pb2.Record, _Mapping]] = ..., checkpoint_size: _Optional[int] = ...) -> None: ...

class ResolveKeyRequest(_message.Message):
    __slots__ = ("namespace", "key", "result", "failure", "absent", "retention", "reason", "actor", "attempt")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    result: _record_pb2.Result
    failure: _record_pb2.Failure
    absent: Absent
    retention: _duration_pb2.Duration
    reason: str
    actor: str
    attempt: int
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., result: _Optional[_Union[_record_pb2.Result, _Mapping]] = ..., failure: _Optional[_Union[_record_pb2.Failure, _Mapping]] = ..., absent: _Optional[_Union[Absent, _Mapping]] = ..., retention: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class Absent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResolveKeyResponse(_message.Message):
    __slots__ = ("state", "expire_time", "already_applied")
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ALREADY_APPLIED_FIELD_NUMBER: _ClassVar[int]
    state: _record_pb2.State
    expire_time: _timestamp_pb2.Timestamp
    already_applied: bool
    def __init__(self, state: _Optional[_Union[_record_pb2.State, str]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., already_applied: bool = ...) -> None: ...

class DeleteKeyRequest(_message.Message):
    __slots__ = ("namespace", "key", "reason", "actor")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    key: str
    reason: str
    actor: str
    def __init__(self, namespace: _Optional[str] = ..., key: _Optional[str] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class DeleteKeyResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: _record_pb2.State
    def __init__(self, state: _Optional[_Union[_record_pb2.State, str]] = ...) -> None: ...

class GetStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatsResponse(_message.Message):
    __slots__ = ("version", "start_time", "server_time", "wall_clock_offset", "not_ready_reason", "open_keys", "waiters", "calls_in_flight", "namespaces", "storage", "last_backup")
    class StorageEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    WALL_CLOCK_OFFSET_FIELD_NUMBER: _ClassVar[int]
    NOT_READY_REASON_FIELD_NUMBER: _ClassVar[int]
    OPEN_KEYS_FIELD_NUMBER: _ClassVar[int]
    WAITERS_FIELD_NUMBER: _ClassVar[int]
    CALLS_IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    NAMESPACES_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    LAST_BACKUP_FIELD_NUMBER: _ClassVar[int]
    version: str
    start_time: _timestamp_pb2.Timestamp
    server_time: _timestamp_pb2.Timestamp
    wall_clock_offset: _duration_pb2.Duration
    not_ready_reason: str
    open_keys: OpenKeys
    waiters: int
    calls_in_flight: int
    namespaces: _containers.RepeatedCompositeFieldContainer[NamespaceFigures]
    storage: _containers.ScalarMap[str, float]
    last_backup: Backup
    def __init__(self, version: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., server_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., wall_clock_offset: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., not_ready_reason: _Optional[str] = ..., open_keys: _Optional[_Union[OpenKeys, _Mapping]] = ..., waiters: _Optional[int] = ..., calls_in_flight: _Optional[int] = ..., namespaces: _Optional[_Iterable[_Union[NamespaceFigures, _Mapping]]] = ..., storage: _Optional[_Mapping[str, float]] = ..., last_backup: _Optional[_Union[Backup, _Mapping]] = ...) -> None: ...

class OpenKeys(_message.Message):
    __slots__ = ("in_progress", "in_doubt", "bytes", "max_keys", "max_bytes")
    IN_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    IN_DOUBT_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_KEYS_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    in_progress: int
    in_doubt: int
    bytes: int
    max_keys: int
    max_bytes: int
    def __init__(self, in_progress: _Optional[int] = ..., in_doubt: _Optional[int] = ..., bytes: _Optional[int] = ..., max_keys: _Optional[int] = ..., max_bytes: _Optional[int] = ...) -> None: ...

class NamespaceFigures(_message.Message):
    __slots__ = ("namespace", "begins", "takeovers", "stale_tokens", "completed_done", "completed_failed")
    class BeginsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    BEGINS_FIELD_NUMBER: _ClassVar[int]
    TAKEOVERS_FIELD_NUMBER: _ClassVar[int]
    STALE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_DONE_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FAILED_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    begins: _containers.ScalarMap[str, int]
    takeovers: int
    stale_tokens: int
    completed_done: int
    completed_failed: int
    def __init__(self, namespace: _Optional[str] = ..., begins: _Optional[_Mapping[str, int]] = ..., takeovers: _Optional[int] = ..., stale_tokens: _Optional[int] = ..., completed_done: _Optional[int] = ..., completed_failed: _Optional[int] = ...) -> None: ...

class CreateBackupRequest(_message.Message):
    __slots__ = ("reason", "actor")
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    reason: str
    actor: str
    def __init__(self, reason: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class CreateBackupResponse(_message.Message):
    __slots__ = ("backup", "copied_bytes", "duration", "backups_kept")
    BACKUP_FIELD_NUMBER: _ClassVar[int]
    COPIED_BYTES_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    BACKUPS_KEPT_FIELD_NUMBER: _ClassVar[int]
    backup: Backup
    copied_bytes: int
    duration: _duration_pb2.Duration
    backups_kept: int
    def __init__(self, backup: _Optional[_Union[Backup, _Mapping]] = ..., copied_bytes: _Optional[int] = ..., duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., backups_kept: _Optional[int] = ...) -> None: ...

class Backup(_message.Message):
    __slots__ = ("id", "create_time", "size_bytes")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    id: int
    create_time: _timestamp_pb2.Timestamp
    size_bytes: int
    def __init__(self, id: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ...) -> None: ...
