"""Which calls the promises are about: the rules' selectors, written many times, hold against what the server counts."""

from __future__ import annotations

import re

import grpc
import pytest

from expressions import DASHBOARDS
from monitored import REPOSITORY, RULES, monitored
from semel.v1 import admin_service_pb2, idempotency_service_pb2

OPERATORS = {method.name for method in admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"].methods}
CALLERS = {method.name for method in idempotency_service_pb2.DESCRIPTOR.services_by_name["IdempotencyService"].methods}
# Streams, whose operations are counted by themselves, and batches, which are OK whatever became of their items.
CARRIERS = {"Session", "BatchBegin", "BatchComplete", "BatchRenew"}
WAITS_FOR_OWNERS = {"Begin"}

WRITTEN = [*sorted(RULES.glob("*.yaml")), *sorted(DASHBOARDS.glob("*.json")), REPOSITORY / "docs/runbook.md"]


def selectors(label: str) -> set[str]:
    """The alternatives of the label, of two or more, wherever they are written."""
    text = "\n".join(path.read_text() for path in WRITTEN).replace('\\"', '"')
    return set(re.findall(rf'\b{label}=~"(\w+(?:\|\w+)+)"', text))


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Methods and codes, as a real scrape has them."""
    with monitored(tmp_path_factory.mktemp("idle"), rules={}) as watched:
        samples = watched.prometheus.query("semel_calls_total")
    return {(sample.labels["method"], sample.labels["code"]) for sample in samples}


def test_the_server_counts_every_method(counted: set[tuple[str, str]]) -> None:
    assert {method for method, _ in counted} == CALLERS | OPERATORS


def test_the_promises_are_about_the_calls_of_callers() -> None:
    assert CARRIERS < CALLERS and WAITS_FOR_OWNERS < CALLERS
    of_availability = CALLERS - CARRIERS
    of_latency = of_availability - WAITS_FOR_OWNERS
    written = selectors("method")
    assert len(written) == 2, "one way to write each"
    assert {frozenset(each.split("|")) for each in written} == {frozenset(of_availability), frozenset(of_latency)}


def test_what_counts_as_failed_is_written_in_one_way(counted: set[tuple[str, str]]) -> None:
    (codes,) = selectors("code")
    assert set(codes.split("|")) <= {code.name for code in grpc.StatusCode}
    assert set(codes.split("|")) <= {code for _, code in counted}
