"""What the loss of a node does to a server, as far as one machine can show it: SIGKILL, and the same directory served again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import semel
from load import Loader, Shape
from semeld import Semeld, eventually

OPEN_KEYS = 100_000
LEASE = 2.0
SLACK = 4.0  # how much slower than the page a start may be here, beside other tests


def documented_seconds_for_a_million() -> float:
    page = (Path(__file__).parents[2] / "docs/sizing.md").read_text()
    found = re.search(r"about (\d+) s for a million", page)
    assert found is not None
    return float(found[1])


def lease_remaining(client: semel.Client, key: str) -> float:
    """In seconds, as the server tells it."""
    record = client.lookup(key)
    assert record is not None and record.lease_remaining is not None
    return record.lease_remaining.total_seconds()


def test_leases_have_their_whole_length_again(server_in: Callable[..., Semeld], tmp_path: Path) -> None:
    server = server_in(tmp_path)
    with semel.Client(server.address, namespace="shop") as client:
        owned = client.begin("order/17", lease=LEASE)
        assert isinstance(owned, semel.Acquired)
        assert eventually(lambda: lease_remaining(client, "order/17") < LEASE * 0.25), "the lease does not run"
    server.kill()
    server.start()
    restarted = time.monotonic()
    assert "\nsemel_leases_honoured_total 1\n" in server.http("/metrics")[1]
    with semel.Client(server.address, namespace="shop") as client:
        assert lease_remaining(client, "order/17") > LEASE * 0.5, "it would have been nearly over without the restart"
        waited = client.begin("order/17", wait=4 * LEASE)
        assert isinstance(waited, semel.Acquired)
        assert waited.previous is semel.Previous.ABANDONED and waited.token > owned.token
        assert time.monotonic() - restarted > LEASE * 0.75


def test_an_owner_that_lived_on_loses_nothing(server_in: Callable[..., Semeld], tmp_path: Path) -> None:
    server = server_in(tmp_path)
    with semel.Client(server.address, namespace="shop") as client:
        owned = client.begin("order/18", lease=30)
        assert isinstance(owned, semel.Acquired)
    server.kill()
    server.start()
    with semel.Client(server.address, namespace="shop") as client:
        client.complete("order/18", owned.token, semel.Result(b"shipped"))
        assert isinstance(client.begin("order/18"), semel.Done)


def test_a_start_takes_the_time_that_the_page_says(server_in: Callable[..., Semeld], tmp_path: Path) -> None:
    server = server_in(tmp_path, "log:\n  level: info\n")
    with Loader(server.address) as loader:
        opened = loader.open(OPEN_KEYS, Shape(owner=20), lease_seconds=600)
    server.kill()
    begun = time.monotonic()
    server.start()
    took = time.monotonic() - begun
    assert took < 1 + SLACK * documented_seconds_for_a_million() * OPEN_KEYS / 1e6
    assert f"open_keys={OPEN_KEYS}" in (tmp_path / "semeld.log").read_text()
    with Loader(server.address) as loader:
        for name in opened[:: OPEN_KEYS // 50]:
            assert loader.lookup(name).record.lease_remaining.seconds > 590
