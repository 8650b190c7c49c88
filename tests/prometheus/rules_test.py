"""The rules as text: promtool takes them, each alert has its tests, its words and its place in the runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from load import configuration
from monitored import REPOSITORY, RULES, chart_rules, monitored
from shortened import shortened

TESTS = Path(__file__).parent / "rules"
RUNBOOK = REPOSITORY / "docs/runbook.md"


def rules_of(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


ALL = [rule for path in sorted(RULES.glob("*.yaml")) for rule in rules_of(path)]
ALERTS = {rule["alert"]: rule for rule in ALL if "alert" in rule}
RECORDED = {rule["record"] for rule in ALL if "record" in rule}


def told_by_tests() -> dict[str, set[bool]]:
    """For each alert, whether a test expects it to fire, and whether one expects that it does not."""
    told: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for path in TESTS.glob("*.yaml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("promql_expr_test", []):
                for name in re.findall(r'alertname="(\w+)"', case["expr"]):
                    told[name].add(bool(case["exp_samples"]))
    return told


def test_promtool_takes_the_rules() -> None:
    checked = subprocess.run(["promtool", "check", "rules", *sorted(RULES.glob("*.yaml"))], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_promtool_runs_the_tests(path: Path) -> None:
    tested = subprocess.run(["promtool", "test", "rules", path.name], cwd=TESTS, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested_named_and_explained(name: str) -> None:
    alert = ALERTS[name]
    assert re.fullmatch(r"Semel([A-Z][a-z]+)+", name)
    assert told_by_tests()[name] == {True, False}, "one test must see it fire, and one see that it does not"
    assert alert["labels"]["severity"] in {"page", "ticket"}
    annotations = alert["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert "{{ $value" in annotations["description"], "the figure is missing"
    assert "{{ $labels." in annotations["summary"] and "{{ $labels." in annotations["description"], "whose is it?"


def test_the_runbook_has_an_entry_for_each_alert_and_for_none_else() -> None:
    text = RUNBOOK.read_text()
    assert sorted(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == sorted(ALERTS)
    for severity in ("page", "ticket"):
        (row,) = re.findall(rf"^\| {severity} \| (.*) \|$", text, re.MULTILINE)
        listed = re.findall(r"\[(\w+)\]\(#\w+\)", row)
        assert sorted(listed) == sorted(n for n, alert in ALERTS.items() if alert["labels"]["severity"] == severity)


@pytest.mark.parametrize("name", ALERTS)
def test_an_entry_says_what_to_look_at_and_what_to_do(name: str) -> None:
    (entry,) = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    for part in ("**Means:**", "**Look at", "urgent"):
        assert part in entry, f"{part} is missing"
    assert re.search(r"\*\*Do:\*\*|\*\*do\*\*", entry), "nothing is to be done"


def test_the_metrics_that_rules_name_are_told_by_the_server(tmp_path: Path) -> None:
    # With a certificate, because only then it tells of that too.
    with monitored(tmp_path, configuration(tmp_path), rules={}) as watched:
        _, page = watched.semeld.http("/metrics")
    told = set(re.findall(r"^(\w+)", page, re.MULTILINE))
    named = {name for rule in ALL for name in re.findall(r"(?<![:\w])semel_\w+", rule["expr"])} - {"semel_namespace"}
    assert named <= told, f"told by nobody: {named - told}"
    recorded = {name for rule in ALL for name in re.findall(r"(?:instance|namespace):[\w:]+", rule["expr"])}
    assert recorded <= RECORDED


def test_every_kind_of_duration_is_shortened() -> None:
    before, after = ("\n".join(chart_rules(alter).values()) for alter in (str, shortened))
    for kind in (r"\[\d+[mhd]\]", r"\[\d+[mhd]:\d+[mhd]\]", r"\boffset \d+[mhd]", r"\bfor: \d+[mhd]", r"\binterval: \d+[mhd]"):
        assert re.search(kind, before), f"the rules have none of {kind} any more"
        assert not re.search(kind, after), kind


def test_shortened_rules_differ_in_their_durations_only(tmp_path: Path) -> None:
    for path in RULES.glob("*.yaml"):
        text = path.read_text()
        duration = re.compile(r"\b\d+[smhd]\b")
        assert duration.sub("", shortened(text)) == duration.sub("", text)
        assert shortened(text) != text
        short = tmp_path / path.name
        short.write_text(shortened(text))
        assert subprocess.run(["promtool", "check", "rules", short], capture_output=True).returncode == 0
