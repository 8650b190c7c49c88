"""The calls of the service, as gRPC knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from semel.v1 import admin_service_pb2 as admin
from semel.v1 import idempotency_service_pb2 as service

Q = TypeVar("Q")
R = TypeVar("R")

_SERVICE = "/semel.v1.IdempotencyService/"
_ADMIN = "/semel.v1.AdminService/"


@dataclass(frozen=True, eq=False)
class Method(Generic[Q, R]):
    """A call's path, and how its messages become bytes and bytes messages."""

    path: str
    serialize: Callable[[Q], bytes]
    parse: Callable[[bytes], R]


def _method(path: str, request: Any, response: Any) -> Method[Any, Any]:
    return Method(path, request.SerializeToString, response.FromString)


BEGIN = _method(_SERVICE + "Begin", service.BeginRequest, service.BeginResponse)
COMPLETE = _method(_SERVICE + "Complete", service.CompleteRequest, service.CompleteResponse)
LOOKUP = _method(_SERVICE + "Lookup", service.LookupRequest, service.LookupResponse)
RENEW = _method(_SERVICE + "Renew", service.RenewRequest, service.RenewResponse)
RELEASE = _method(_SERVICE + "Release", service.ReleaseRequest, service.ReleaseResponse)
CHECKPOINT = _method(_SERVICE + "Checkpoint", service.CheckpointRequest, service.CheckpointResponse)
BATCH_BEGIN = _method(_SERVICE + "BatchBegin", service.BatchBeginRequest, service.BatchBeginResponse)
BATCH_COMPLETE = _method(_SERVICE + "BatchComplete", service.BatchCompleteRequest, service.BatchCompleteResponse)
BATCH_RENEW = _method(_SERVICE + "BatchRenew", service.BatchRenewRequest, service.BatchRenewResponse)

LIST_KEYS = _method(_ADMIN + "ListKeys", admin.ListKeysRequest, admin.ListKeysResponse)
RESOLVE_KEY = _method(_ADMIN + "ResolveKey", admin.ResolveKeyRequest, admin.ResolveKeyResponse)
DELETE_KEY = _method(_ADMIN + "DeleteKey", admin.DeleteKeyRequest, admin.DeleteKeyResponse)
GET_STATS = _method(_ADMIN + "GetStats", admin.GetStatsRequest, admin.GetStatsResponse)
CREATE_BACKUP = _method(_ADMIN + "CreateBackup", admin.CreateBackupRequest, admin.CreateBackupResponse)
