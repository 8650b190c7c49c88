"""The harness itself: what it watches, across a restart, and that it says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import semel
from monitored import INSTANCE, monitored
from prometheus import QueryError

# Of one rule each: what is recorded, and an alert that a Begin sets off.
RULES = """\
groups:
  - name: of this test
    rules:
      - record: test:open_keys
        expr: sum without (state) (semel_open_keys)
      - alert: TestKeyIsOpen
        expr: test:open_keys > 0
        for: 1h
        annotations: {summary: "{{ $value }} open"}
"""


def test_a_key_is_seen_before_and_after_a_restart(tmp_path: Path) -> None:
    with monitored(tmp_path, rules={"test.yaml": RULES.replace("for: 1h", "for: 1s")}) as watched:
        with semel.Client(watched.semeld.address, namespace="shop") as client:
            client.begin("order/17", lease=600)
        (found,) = watched.prometheus.wait_for_value("test:open_keys == 1")
        assert found.labels["instance"] == INSTANCE
        assert watched.prometheus.wait_for_alert("TestKeyIsOpen").annotations == {"summary": "1 open"}

        watched.semeld.kill()
        watched.prometheus.wait_for_value(f'up{{instance="{INSTANCE}"}} == 0')
        watched.start_semeld()
        watched.prometheus.wait_for_value("changes(semel_start_time_seconds[1m]) == 1")
        watched.prometheus.wait_for_value("test:open_keys == 1")


def test_what_does_not_come_is_named(tmp_path: Path) -> None:
    with monitored(tmp_path, rules={"test.yaml": RULES}) as watched:
        assert watched.prometheus.wait_for_value("semel_open_keys")
        assert watched.prometheus.alerts() == []
        with pytest.raises(AssertionError, match=r"not within 0 s: semel_open_keys > 0"):
            watched.prometheus.wait_for_value("semel_open_keys > 0", patience=0.3)
        with pytest.raises(QueryError, match="parse error"):
            watched.prometheus.query("sum(semel_open_keys")
        watched.prometheus.wait_for(
            lambda: [rule["health"] for rule in watched.prometheus.rules()] == ["ok", "ok"], "both rules are evaluated"
        )


def test_rules_that_prometheus_refuses_are_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="could not parse expression"):
        with monitored(tmp_path, rules={"broken.yaml": RULES.replace("sum without", "sum within")}):
            pass
