"""Faults of the programs that use Semel, and bounds that they reach: the chart's alerts, shortened, fire for them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import semel
from monitored import Monitored, chart_rules, monitored
from shortened import shortened

LAPSES = 0.05  # seconds: the lease of an owner that is about to die
CONFIGURATION = """\
limits: {max_calls: 40, max_waiters: 39, max_waiters_per_key: 39, max_open_keys: 60}
namespaces:
  bank: {on_lapse: in_doubt}
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    with monitored(tmp_path_factory.mktemp("owners"), CONFIGURATION, chart_rules(shortened)) as both:
        # Growth is told against what was a quarter of an hour ago, which here is as many seconds.
        both.prometheus.wait_for_value("semel_open_keys offset 16s")
        yield both


def client(watched: Monitored, namespace: str) -> semel.Client:
    return semel.Client(watched.semeld.address, namespace=namespace)


def acquired(answer: semel.BeginAnswer) -> int:
    assert isinstance(answer, semel.Acquired), answer
    return answer.token


def test_nothing_fires_before_anything_is_wrong(watched: Monitored) -> None:
    # The disk of the machine that runs this, and its speed, are not the test's.
    machine = {"SemelDiskAlmostFull", "SemelDiskFilling", "SemelFsyncSlow"}
    assert {alert.name for alert in watched.prometheus.alerts()} - machine == set()


def test_owners_that_die_leave_keys_in_doubt(watched: Monitored) -> None:
    with client(watched, "bank") as bank:
        for n in range(12):
            acquired(bank.begin(f"charge/{n}", lease=LAPSES))
            # Whoever asks next hears that it is in doubt.
            assert isinstance(bank.begin(f"charge/{n}", wait=20), semel.InDoubt)
        watched.prometheus.wait_for_alert("SemelKeysInDoubtGrowing")
        alert = watched.prometheus.wait_for_alert("SemelKeysInDoubt")
        assert alert.annotations["summary"] == "12 keys of Semel semel-0 wait for a person."


def test_owners_that_lose_their_leases_are_taken_over_and_come_back(watched: Monitored) -> None:
    with client(watched, "shop") as shop:
        for n in range(16):
            lost = acquired(shop.begin(f"order/{n}", lease=LAPSES))
            token = acquired(shop.begin(f"order/{n}", wait=20))
            with pytest.raises(semel.TokenStale):
                shop.complete(f"order/{n}", lost, semel.Result(b"late"))
            shop.complete(f"order/{n}", token, semel.Result(b"in time"))
    assert watched.prometheus.wait_for_alert("SemelStaleCompletions").labels["semel_namespace"] == "(other)"
    watched.prometheus.wait_for_alert("SemelTakeovers")


def test_bounds_are_reached(watched: Monitored) -> None:
    with client(watched, "shop") as shop, ThreadPoolExecutor(39) as callers:
        for n in range(40):
            acquired(shop.begin(f"parcel/{n}", lease=600))
        watched.prometheus.wait_for_alert("SemelOpenKeysNearBound")
        token = acquired(shop.begin("report", lease=600))
        waiting = [callers.submit(shop.begin, "report", wait=300) for _ in range(39)]
        watched.prometheus.wait_for_value("semel_waiters == 39")
        for name in ("SemelWaitersNearBound", "SemelCallsNearBound", "SemelOverloaded"):
            watched.prometheus.wait_for_alert(name)
        # The one call that there is room for may not wait.
        for _ in range(20):
            assert isinstance(shop.begin("report", wait=20), semel.InProgress)
        watched.prometheus.wait_for_alert("SemelWaitersAtBound")
        shop.complete("report", token, semel.Result(b"40 pages"))
        assert all(isinstance(answer.result(), semel.Done) for answer in waiting)
