"""The harness of these tests: a real semeld, scraped each second by a real Prometheus that evaluates the chart's rules.

    with monitored(tmp_path, "namespaces: {bank: {on_lapse: in_doubt}}") as watched:
        with semel.Client(watched.semeld.address, namespace="bank") as client: ...
        watched.prometheus.wait_for_value("semel_open_keys > 0")

SEMEL_TEST_SEMELD names the semeld; prometheus is found in PATH.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RULES = REPOSITORY / "helm/semel/rules"
INSTANCE = "semel-0"  # as the chart's pod is called; the same after a restart, which takes other ports

# A semeld process is started here as the tests of the Python client start it.
sys.path.append(str(REPOSITORY / "client/python/tests"))

from prometheus import Prometheus  # noqa: E402
from semeld import Semeld  # noqa: E402

_TAIL = 4000  # characters of a log that a failure shows


def chart_rules(alter: Callable[[str], str] = lambda text: text) -> dict[str, str]:
    """The chart's rule files by name, each text through `alter`, which may shorten what takes hours outside of tests."""
    return {path.name: alter(path.read_text()) for path in sorted(RULES.glob("*.yaml"))}


class Monitored:
    """Both processes. `directory` holds semeld.yaml, semeld.log, data, and the directory prometheus."""

    def __init__(self, directory: Path, configuration: str, rules: dict[str, str]) -> None:
        self.directory = directory
        self.semeld = Semeld(directory, configuration)
        (directory / "prometheus").mkdir()
        self.prometheus = Prometheus(directory / "prometheus", rules)

    def start(self) -> None:
        """Returns when both serve and the first scrape has come in."""
        self.prometheus.start()
        self.start_semeld()
        self.prometheus.wait_for_value(f'up{{instance="{INSTANCE}"}} == 1')

    def start_semeld(self, *arguments: str) -> None:
        """The first time, or after semeld.stop() or kill(): Prometheus finds it under the same name."""
        self.semeld.start(*arguments)
        self.prometheus.scrape({INSTANCE: self.semeld.admin_address})

    def stop(self) -> None:
        """What still runs; a semeld that a test has broken need not end well."""
        try:
            if self.semeld.running:
                self.semeld.resume()
                self.semeld.kill()
        finally:
            self.prometheus.stop()

    def logs(self) -> dict[str, str]:
        """The ends of the logs by name, for reports of failures."""
        semeld = self.directory / "semeld.log"
        return {
            "semeld": semeld.read_text(errors="replace")[-_TAIL:] if semeld.exists() else "",
            "prometheus": self.prometheus.log()[-_TAIL:],
        }


@contextmanager
def monitored(directory: Path, configuration: str = "", rules: dict[str, str] | None = None) -> Iterator[Monitored]:
    """Runs both within the block. `rules` are the chart's own unless others are given."""
    both = Monitored(directory, configuration, chart_rules() if rules is None else rules)
    try:
        both.start()
        yield both
    except BaseException:
        for name, text in both.logs().items():
            print(f"---- {name} ----\n{text}", file=sys.stderr)
        raise
    finally:
        both.stop()
