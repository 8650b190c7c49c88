"""What tests share: a server on real time, clients of it, and keys that nobody else uses."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import semel
import semel.aio
from semeld import Semeld

CONFIGURATION = """\
log:
  level: warning
namespaces:
  shop:
    max_result_bytes: 10KiB
  bank:
    on_lapse: in_doubt
  strict:
    max_attempts: 2
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Semeld]:
    """One for all tests that only speak to it."""
    semeld = Semeld(tmp_path_factory.mktemp("semeld"), CONFIGURATION)
    semeld.start()
    yield semeld
    semeld.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Semeld]:
    """For tests that stop, kill or pause it."""
    semeld = Semeld(tmp_path, CONFIGURATION)
    semeld.start()
    yield semeld
    if semeld.running:
        semeld.kill()


@pytest.fixture
def client(server: Semeld) -> Iterator[semel.Client]:
    with semel.Client(server.address, namespace="shop") as client:
        yield client


@pytest.fixture
def admin(server: Semeld) -> Iterator[semel.AdminClient]:
    with semel.AdminClient(server.address, namespace="shop") as admin:
        yield admin


@pytest_asyncio.fixture
async def aclient(server: Semeld) -> AsyncIterator[semel.aio.Client]:
    async with semel.aio.Client(server.address, namespace="shop") as client:
        yield client


@pytest.fixture
def key() -> str:
    return f"key/{uuid.uuid4()}"


@pytest.fixture
def new_key() -> Callable[[], str]:
    return lambda: f"key/{uuid.uuid4()}"
