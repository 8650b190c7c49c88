"""Faults of the process and of what surrounds it: the chart's alerts, shortened, fire for them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

import semel
from monitored import Monitored, chart_rules, monitored
from shortened import shortened


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    directory = tmp_path_factory.mktemp("process")
    with monitored(directory, f"backup: {{directory: {directory / 'backups'}}}\n", chart_rules(shortened)) as both:
        both.prometheus.wait_for_value("semel_start_time_seconds")
        yield both


def test_a_mistake_in_the_configuration(watched: Monitored) -> None:
    file = watched.directory / "semeld.yaml"
    right = file.read_text()
    file.write_text(right + "limits: {max_cals: 1}\n")
    os.kill(watched.semeld.pid, signal.SIGHUP)
    watched.prometheus.wait_for_alert("SemelConfigReloadRefused")
    file.write_text(right)


def test_a_directory_for_backups_that_holds_something_else(watched: Monitored) -> None:
    (watched.directory / "backups").mkdir(exist_ok=True)
    (watched.directory / "backups/holiday.jpg").write_text("sand")
    with semel.AdminClient(watched.semeld.address, namespace="shop") as operator:
        with pytest.raises(semel.SemelError):
            operator.create_backup(actor="jo", reason="nightly")
    watched.prometheus.wait_for_alert("SemelBackupFailing")


def test_a_server_that_stands_still(watched: Monitored) -> None:
    watched.semeld.pause()
    assert watched.prometheus.wait_for_alert("SemelDown").labels["severity"] == "page"
    watched.semeld.resume()
    watched.prometheus.wait_for(
        lambda: all(alert.name != "SemelDown" for alert in watched.prometheus.alerts()), "SemelDown ends"
    )


def test_a_server_that_starts_again_and_again(watched: Monitored) -> None:
    for restart in range(1, 4):
        watched.semeld.kill()
        watched.start_semeld()
        watched.prometheus.wait_for_value(f"changes(semel_start_time_seconds[5m]) == {restart}")
    watched.prometheus.wait_for_alert("SemelRestarting")
