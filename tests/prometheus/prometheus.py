"""A real Prometheus process: what it scrapes, the rules it evaluates, and what it answers."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

PATIENCE = 60.0  # seconds; only what hangs gets there
_GLANCE = 0.1  # seconds between two looks; what is looked at changes once a second
_TRIES = 5  # at a port that another process may take between finding and using it

_CONFIGURATION = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [rules/*.yaml]
scrape_configs:
  - job_name: semel
    file_sd_configs:
      - files: [targets.json]
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Series:
    """One element of a range vector: times in seconds since 1970, and values."""

    labels: Mapping[str, str]
    times: list[float]
    values: list[float]


@dataclass(frozen=True)
class Alert:
    name: str
    state: str  # pending or firing
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class QueryError(AssertionError):
    """Prometheus refuses an expression, or cannot evaluate it."""


class Prometheus:
    """Started with start(), stopped with stop(). `rules` are texts of rule files by their names."""

    def __init__(self, directory: Path, rules: Mapping[str, str]) -> None:
        self._directory = directory
        self._log = directory / "prometheus.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        (directory / "rules").mkdir()
        for name, text in rules.items():
            (directory / "rules" / name).write_text(text)
        (directory / "prometheus.yaml").write_text(_CONFIGURATION)
        self._write_targets([])

    # ---- the process -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it answers."""
        assert self._process is None
        for _ in range(_TRIES):
            if self._started_on(_free_port()):
                return
        raise RuntimeError(f"prometheus finds no port:\n{self.log()}")

    def _started_on(self, port: int) -> bool:
        """False: another process was quicker to take the port."""
        self._address = f"127.0.0.1:{port}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._directory / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={self._directory / 'series'}",
                    f"--web.listen-address={self._address}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            if self._process.poll() is not None:
                self._process = None
                if "address already in use" in self.log():
                    return False
                raise RuntimeError(f"prometheus does not start:\n{self.log()}")
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"prometheus is not ready:\n{self.log()}")
            time.sleep(_GLANCE)
        return True

    def _ready(self) -> bool:
        try:
            self._get("/-/ready")
        except OSError:  # nobody listens yet, or it says that it is not ready
            return False
        return True

    def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    # ---- what it scrapes ---------------------------------------------------------------------------------------------

    def scrape(self, targets: Mapping[str, str]) -> None:
        """From now on, addresses by the names that they get as label `instance`, whatever port a restart gives them."""
        self._write_targets([{"targets": [address], "labels": {"instance": name}} for name, address in targets.items()])

    def _write_targets(self, groups: list[dict[str, Any]]) -> None:
        whole = self._directory / "targets.json.new"
        whole.write_text(json.dumps(groups))
        whole.rename(self._directory / "targets.json")  # Prometheus watches it, and must not read half of it

    # ---- what it answers ---------------------------------------------------------------------------------------------

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """The value now, or `at` seconds since 1970, of an expression that is a scalar or an instant vector."""
        moment = {} if at is None else {"time": str(at)}
        data = self._api("query", query=expression, **moment)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Values from `start` to `end`, in seconds since 1970, each `step` seconds."""
        data = self._api("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        return [
            Series(
                each["metric"],
                [float(moment) for moment, _ in each["values"]],
                [float(value) for _, value in each["values"]],
            )
            for each in data["result"]
        ]

    def metric_names(self) -> set[str]:
        """Of all series that it has, those of recording rules included."""
        return set(self._api("label/__name__/values"))

    def alerts(self) -> list[Alert]:
        """Those that are pending or firing."""
        return [
            Alert(each["labels"]["alertname"], each["state"], each["labels"], each["annotations"])
            for each in self._api("alerts")["alerts"]
        ]

    def rules(self) -> list[dict[str, Any]]:
        """Each rule as Prometheus tells it: name, query, type, health, lastError, ..."""
        return [rule for group in self._api("rules")["groups"] for rule in group["rules"]]

    def wait_for(self, condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        """Looks until there is something true, and returns it; fails with `what` and the log after `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {patience:.0f} s: {what}\n{self.log()[-4000:]}")
            time.sleep(_GLANCE)

    def wait_for_value(self, expression: str, patience: float = PATIENCE) -> list[Sample]:
        """Until the expression gives anything, as a comparison does once it holds."""
        return self.wait_for(lambda: self.query(expression), expression, patience)

    def wait_for_alert(self, name: str, state: str = "firing", patience: float = PATIENCE) -> Alert:
        def found() -> Alert | None:
            return next((alert for alert in self.alerts() if alert.name == name and alert.state == state), None)

        return self.wait_for(found, f"alert {name} is {state}", patience)

    def _api(self, path: str, **parameters: str) -> Any:
        try:
            answer = json.loads(self._get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        except urllib.error.HTTPError as error:
            with error:
                answer = json.loads(error.read())
        if answer["status"] != "success":
            raise QueryError(f"{answer.get('error')}: {parameters.get('query', path)}")
        return answer["data"]

    def _get(self, path: str) -> bytes:
        # Past the proxy that the environment may name: this machine answers.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self._address}{path}", timeout=PATIENCE) as answer:
            body: bytes = answer.read()
            return body


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
