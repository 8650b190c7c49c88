"""Many keys, quickly: by batches, as a queue's consumer sends them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration

from semel.v1 import idempotency_service_pb2 as messages
from semel.v1.idempotency_service_pb2_grpc import IdempotencyServiceStub
from semel.v1.record_pb2 import Result

BATCH = 500  # keys to a call; the service takes 1,000 in 4 MiB
BATCH_BYTES = 2 << 20
PATIENCE = 60.0


@dataclass(frozen=True)
class Shape:
    """What a key carries, in bytes; all random: it does not compress."""

    key: int = 36
    fingerprint: int = 32
    result: int = 200
    owner: int = 0

    def batches(self, keys: int) -> Iterator[int]:
        most = max(1, min(BATCH, BATCH_BYTES // (self.result + 512)))
        for begun in range(0, keys, most):
            yield min(most, keys - begun)

    def name(self) -> str:
        return secrets.token_urlsafe(self.key)[: self.key]


class Loader:
    """Begins and completes keys of one namespace over one connection."""

    def __init__(self, address: str, namespace: str = "shop") -> None:
        self._channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 16 << 20)])
        self._stub = IdempotencyServiceStub(self._channel)
        self._namespace = namespace

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def begin(self, names: Sequence[str], shape: Shape, lease_seconds: int = 0) -> list[int]:
        """The tokens of new keys."""
        lease = Duration(seconds=lease_seconds) if lease_seconds else None
        requests = [
            messages.BeginRequest(
                namespace=self._namespace,
                key=name,
                attempt_id=os.urandom(16),
                fingerprint=os.urandom(shape.fingerprint),
                owner=secrets.token_urlsafe(shape.owner)[: shape.owner],
                lease=lease,
            )
            for name in names
        ]
        answer = self._stub.BatchBegin(messages.BatchBeginRequest(requests=requests), timeout=PATIENCE)
        tokens = [item.response.acquired.token for item in answer.items]
        assert all(tokens), answer.items[tokens.index(0)]
        return tokens

    def complete(self, names: Sequence[str], tokens: Sequence[int], payloads: Sequence[bytes]) -> None:
        """Returns when every outcome is on disk."""
        requests = [
            messages.CompleteRequest(namespace=self._namespace, key=name, token=token, result=Result(payload=payload))
            for name, token, payload in zip(names, tokens, payloads, strict=True)
        ]
        answer = self._stub.BatchComplete(messages.BatchCompleteRequest(requests=requests), timeout=PATIENCE)
        for item in answer.items:
            assert item.HasField("response"), item

    def fill(self, keys: int, shape: Shape) -> None:
        """Fresh keys, done."""
        for many in shape.batches(keys):
            names = [shape.name() for _ in range(many)]
            self.complete(names, self.begin(names, shape), [os.urandom(shape.result) for _ in names])

    def open(self, keys: int, shape: Shape, lease_seconds: int) -> list[str]:
        """Fresh keys, in progress; their names."""
        opened: list[str] = []
        for many in shape.batches(keys):
            names = [shape.name() for _ in range(many)]
            self.begin(names, shape, lease_seconds)
            opened += names
        return opened

    def lookup(self, name: str) -> messages.LookupResponse:
        return self._stub.Lookup(messages.LookupRequest(namespace=self._namespace, key=name), timeout=PATIENCE)
