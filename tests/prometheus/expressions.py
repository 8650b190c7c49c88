"""Every expression that the chart brings: of its rules, and of its dashboards with their variables filled in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitored import REPOSITORY, RULES
from shortened import shortened

DASHBOARDS = REPOSITORY / "helm/semel/dashboards"


@dataclass(frozen=True)
class Expression:
    where: str  # for people
    text: str
    alert: bool = False
    record: str = ""  # the name that a rule records it under
    labels: frozenset[str] = frozenset()  # that the legend or the columns of a panel show


def of_rules() -> list[Expression]:
    """Shortened."""
    found = []
    for path in sorted(RULES.glob("*.yaml")):
        for group in yaml.safe_load(shortened(path.read_text()))["groups"]:
            for rule in group["rules"]:
                name = rule.get("record") or rule["alert"]
                found.append(Expression(f"{path.name}: {name}", rule["expr"], "alert" in rule, rule.get("record", "")))
    return found


def of_dashboards(window: str = "15s", span: str = "1m") -> list[Expression]:
    """`window` stands for the interval of rates, `span` for the time that is shown."""
    return [
        Expression(
            f"{dashboard['title']}: {panel['title']} {target['refId']}",
            filled_in(target["expr"], window, span),
            labels=frozenset(_labels_shown(panel, target)),
        )
        for dashboard in dashboards()
        for panel in panels_of(dashboard)
        for target in panel["targets"]
    ]


def dashboards() -> list[dict[str, Any]]:
    return [_read(path) for path in sorted(DASHBOARDS.glob("*.json"))]


def _read(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dashboard


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Without the headings between them."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _labels_shown(panel: dict[str, Any], target: dict[str, Any]) -> list[str]:
    if panel["type"] == "table":
        (chosen,) = [each for each in panel["transformations"] if each["id"] == "filterFieldsByName"]
        return [field for field in chosen["options"]["include"]["names"] if not field.startswith("Value")]
    return re.findall(r"{{(\w+)}}", target["legendFormat"])


def filled_in(expression: str, window: str, span: str) -> str:
    """As Grafana sends it with everything chosen."""
    text = expression.replace("$__rate_interval", window).replace("$__range", span)
    return re.sub(r"\$(job|instance|semel_namespace)\b", ".+", text)
