"""What only FastAPI does: dependencies that end later than the endpoint."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI

import semel
import semel.aio
import semel.asgi
from adapters.calls import request
from adapters.sites import serving_asgi
from semeld import Semeld, eventually


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


def paying(server: Semeld, prefix: str, transaction: Any) -> FastAPI:
    async def pay(session: None = transaction) -> dict[str, bool]:
        return {"paid": True}

    app = FastAPI()
    app.add_api_route("/payments", semel.asgi.required(pay), methods=["POST"])
    app.add_middleware(
        semel.asgi.IdempotencyMiddleware,
        client=lambda: semel.aio.Client(server.address, namespace="shop"),
        prefix=prefix,
    )
    return app


@pytest.mark.parametrize(("scope", "state"), [("request", semel.State.DONE), ("function", semel.State.IN_PROGRESS)])
def test_when_dependencies_of_fastapi_end(
    server: Semeld, client: semel.Client, prefix: str, scope: Any, state: semel.State
) -> None:
    """Those with `yield`, which commit at their end: that is after the response is recorded, unless they say otherwise."""
    known: list[semel.State] = []

    def transaction() -> Iterator[None]:
        yield
        record = client.lookup(semel.key_of(prefix, "POST", "/payments", "k1"))
        known.extend([] if record is None else [record.state])

    with serving_asgi(paying(server, prefix, Depends(transaction, scope=scope))) as address:
        assert request(address, "/payments", key="k1").status == 200
        assert eventually(lambda: bool(known))
    assert known == [state]


def test_a_commit_that_fails_before_the_response_leaves_no_stored_one(
    server: Semeld, client: semel.Client, prefix: str
) -> None:
    def transaction() -> Iterator[None]:
        yield
        raise ValueError("the constraint does not hold")

    with serving_asgi(paying(server, prefix, Depends(transaction, scope="function"))) as address:
        assert request(address, "/payments", key="k1").status == 500
    record = client.lookup(semel.key_of(prefix, "POST", "/payments", "k1"))
    assert record is not None
    assert record.state is semel.State.FAILED
