"""Every expression of the rules and the dashboards, asked of a real Prometheus about a real semeld under real load.

Each must parse, read only metrics that exist, and give results, all of them finite. What an alert compares is looked at side
by side, because it should be there also while the alert has no reason to fire.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from expressions import Expression, of_dashboards, of_rules
from load import configuration, drive
from monitored import Monitored, chart_rules, monitored
from prometheus import Sample
from promql import metrics_of, values_of
from shortened import shortened

LOAD = 40.0  # seconds

# Expressions that rightly give nothing at times, by their names.
MAY_GIVE_NOTHING = {
    "instance:semel_data_disk_full:seconds": "other programs may free more of the disk than the load takes",
}

NEVER_ANSWERED = "a code of gRPC that no refusal of Semel has"

# Counters that the load leaves at 0, of those with labels the kinds.
UNTOUCHED = {
    "semel_backups_total failed": "the disk for backups has room",
    "semel_begin_outcomes_total refused": "nothing is overloaded",
    "semel_calls_total ALREADY_EXISTS": NEVER_ANSWERED,
    "semel_calls_total CANCELLED": "every caller waits for its answer",
    "semel_calls_total DATA_LOSS": NEVER_ANSWERED,
    "semel_calls_total DEADLINE_EXCEEDED": "and has time to",
    "semel_calls_total INTERNAL": "a fault of the server",
    "semel_calls_total OUT_OF_RANGE": NEVER_ANSWERED,
    "semel_calls_total PERMISSION_DENIED": "the operator's calls are allowed",
    "semel_calls_total RESOURCE_EXHAUSTED": "no message is too large",
    "semel_calls_total UNAUTHENTICATED": NEVER_ANSWERED,
    "semel_calls_total UNIMPLEMENTED": NEVER_ANSWERED,
    "semel_calls_total UNKNOWN": "a fault of the server",
    "semel_clock_steps_total": "nobody sets the clock of the machine that runs the tests",
    "semel_connections_turned_away_total": "there are file descriptors enough",
    "semel_dropped_past_deadline_total": "no caller is so impatient",
    "semel_leases_honoured_total": "the server is not restarted",
    "semel_refusals_total ADMIN_FORBIDDEN": "the operator's calls are allowed",
    "semel_refusals_total BACKUP_FAILED": "the disk for backups has room",
    "semel_refusals_total BACKUP_NOT_CONFIGURED": "there is a directory for backups",
    "semel_refusals_total BACKUP_RUNNING": "the operator makes one at a time",
    "semel_refusals_total BATCH_TOO_LARGE": "no batch is",
    "semel_refusals_total CANCELLED": "every caller waits for its answer",
    "semel_refusals_total DEADLINE_EXCEEDED": "and has time to",
    "semel_refusals_total DRAINING": "the server is not stopped",
    "semel_refusals_total NOT_IN_DOUBT": "the operator resolves what is in doubt",
    "semel_refusals_total NOT_IN_PROGRESS": "owners report once, or the same again",
    "semel_refusals_total OUTCOME_CONFLICT": "owners report once, or the same again",
    "semel_refusals_total STORAGE_FAILED": "the disk does what it should",
    "semel_rocksdb_write_stall_seconds_total": "the disk keeps up",
    "semel_storage_failures_total": "the disk does what it should",
    "semel_unreadable_records_total": "and gives back what it was given",
}


@dataclass
class Loaded:
    watched: Monitored
    idle: float  # seconds since 1970: before anybody called
    moment: float  # the end of the load
    names: set[str]

    def results(self, expression: str) -> list[Sample]:
        return self.watched.prometheus.query(expression, at=self.moment)

    def values(self, expression: str) -> list[float]:
        return [sample.value for sample in self.results(expression)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    directory = tmp_path_factory.mktemp("monitored")
    with monitored(directory, configuration(directory), chart_rules(shortened)) as watched:
        watched.prometheus.wait_for_value("count_over_time(semel_build_info[1m]) > 5")  # enough for all rates to be 0
        idle = time.time()
        drive(watched, LOAD)
        moment = time.time()
        # What is asked at this moment must have come in: the scrape after it, and the rules' evaluation of that.
        watched.prometheus.wait_for_value(f"timestamp(semel_build_info) > {moment}")
        yield Loaded(watched, idle, moment, watched.prometheus.metric_names())


def names_of(expressions: list[Expression]) -> list[object]:
    return [pytest.param(expression, id=expression.where) for expression in expressions]


def may_give_nothing(expression: Expression, text: str) -> bool:
    of_pods = 'pod != ""' in text or 'pod!=""' in text  # the target of these tests has no such label, promtool's have
    return of_pods or bool((metrics_of(text) | {expression.record}) & set(MAY_GIVE_NOTHING))


EVERYTHING = of_rules() + of_dashboards()


@pytest.mark.parametrize("expression", names_of(EVERYTHING))
def test_names_only_what_exists(loaded: Loaded, expression: Expression) -> None:
    missing = metrics_of(expression.text) - loaded.names - set(MAY_GIVE_NOTHING)
    assert not missing, expression.text


@pytest.mark.parametrize("expression", names_of(EVERYTHING))
def test_gives_finite_results(loaded: Loaded, expression: Expression) -> None:
    loaded.watched.prometheus.query(expression.text, at=loaded.moment)  # Prometheus takes the whole as it is
    for text in values_of(expression.text) if expression.alert else [expression.text]:
        found = loaded.values(text)
        assert all(math.isfinite(value) for value in found), text
        assert found or may_give_nothing(expression, text), text


@pytest.mark.parametrize("expression", names_of(EVERYTHING))
def test_has_no_strange_numbers_while_nobody_calls(loaded: Loaded, expression: Expression) -> None:
    found = loaded.watched.prometheus.query(expression.text, at=loaded.idle)
    assert all(math.isfinite(sample.value) for sample in found), expression.text


@pytest.mark.parametrize("expression", names_of([each for each in EVERYTHING if each.labels]))
def test_shows_labels_that_exist(loaded: Loaded, expression: Expression) -> None:
    for sample in loaded.results(expression.text):
        assert expression.labels <= set(sample.labels), expression.text


@pytest.mark.parametrize("expression", names_of([each for each in of_rules() if each.record]))
def test_is_recorded(loaded: Loaded, expression: Expression) -> None:
    found = loaded.values(expression.record)
    assert found or expression.record in MAY_GIVE_NOTHING
    assert all(math.isfinite(value) for value in found)


def test_prometheus_evaluates_every_rule(loaded: Loaded) -> None:
    rules = loaded.watched.prometheus.rules()
    assert len(rules) == len(of_rules())
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] == "err"] == []


def test_the_load_touches_every_counter(loaded: Loaded) -> None:
    counters = {name for name in loaded.names if name.startswith("semel_") and name.endswith(("_total", "_count"))}
    still = set()
    for name in counters:
        # Not every method is answered with every code.
        for kinds in ("method, outcome, state, result, direction", "code, reason"):
            for sample in loaded.results(f"sum by ({kinds}) ({name}) == 0"):
                still.add(" ".join((name, *sample.labels.values())))
    assert sorted(still) == sorted(UNTOUCHED)
