"""The server of a transcript: a semeld whose time only the transcript moves, on data that outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.scenario import Fields, Scenario
from semeld import Semeld

_START = 1_700_000_000_000_000  # microseconds since the epoch, when each transcript begins
_YES_NO = {"yes": "true", "no": "false"}
# Told to stop, it goes on serving until a second SIGTERM: that is how a transcript sees it drain.
_SHUTDOWN = "shutdown:\n  drain_delay: 10m\n  timeout: 1h\n"


def configuration(scenario: Scenario) -> str:
    """semeld's YAML for the first lines of a transcript."""
    lines = ["log:\n  level: warning\n", _SHUTDOWN]
    if scenario.server:
        lines.append("limits:\n" + "".join(_settings(scenario.server, "  ")))
    if scenario.namespaces:
        lines.append("namespaces:\n")
    for name, fields in scenario.namespaces:
        settings = "".join(_settings(fields, "    "))
        lines.append(f"  {name}:\n{settings}" if settings else f"  {name}: {{}}\n")
    return "".join(lines)


def _settings(fields: Fields, indent: str) -> Iterator[str]:
    for field in fields:
        unit = "B" if field.name.endswith("_bytes") else ""
        yield f"{indent}{field.name}: {_YES_NO.get(field.value.text, field.value.text)}{unit}\n"


class Service:
    """Started and stopped by the transcript. Keeps count of the wall clock, and hands it to the next start."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self._server = Semeld(directory, configuration(scenario))
        self._now = _START

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def address(self) -> str:
        return self._server.address

    def start(self) -> None:
        self._server.start("--test-clock", str(self._now))

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def drain(self) -> None:
        self._server.drain()

    def elapse(self, micros: int) -> None:
        """Returns when what fell due was decided."""
        self._now += micros
        if self.running:
            self._post(f"/testing/elapse?by={micros}")

    def step_wall_clock(self, micros: int) -> None:
        self._now += micros
        if self.running:
            self._post(f"/testing/step-wall-clock?by={micros}")

    def _post(self, path: str) -> None:
        status, text = self._server.http(path, method="POST")
        assert status in (200, 204), f"POST {path}: {status} {text}"

    def waiters(self) -> int:
        return self._server.waiters()

    def end(self) -> None:
        if self.running:
            self.kill()
