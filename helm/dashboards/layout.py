"""A dashboard: rows of panels beneath their variables, and links to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from panels import DATASOURCE, Panel, to_json

_WIDTH = 24
_SCHEMA = 39  # of Grafana 11; newer ones migrate it by themselves
_TAG = "semel"


@dataclass(frozen=True)
class Variable:
    """One that offers the values of a label; of several, all of them at first."""

    name: str
    label: str
    values: str  # label_values(...)


JOB = Variable("job", "Job", "label_values(semel_build_info, job)")
INSTANCE = Variable("instance", "Instance", 'label_values(semel_build_info{job=~"$job"}, instance)')
NAMESPACE = Variable(
    "semel_namespace",
    "Namespace",
    'label_values(semel_takeovers_total{job=~"$job",instance=~"$instance"}, semel_namespace)',
)


@dataclass(frozen=True)
class Dashboard:
    name: str  # of its file
    title: str
    description: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]  # headings, and what stands beneath
    variables: tuple[Variable, ...] = (JOB, INSTANCE)

    def to_json(self) -> dict[str, Any]:
        return {
            "uid": f"semel-{self.name}",  # stable: links and bookmarks outlive an upgrade
            "title": self.title,
            "description": self.description,
            "tags": [_TAG],
            "schemaVersion": _SCHEMA,
            "version": 1,
            "editable": False,  # it is made from code: what is changed by hand is gone with the next upgrade
            "graphTooltip": 1,  # one cross hair over all panels
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timepicker": {},
            "timezone": "",
            "annotations": {"list": [_restarts()]},
            "links": [_others()],
            "templating": {"list": [_datasource(), *map(_variable, self.variables)]},
            "panels": _placed(self.rows),
        }


def _placed(rows: tuple[tuple[str, tuple[Panel, ...]], ...]) -> list[dict[str, Any]]:
    """From left to right, and on the next line where one does not fit any more."""
    placed: list[dict[str, Any]] = []
    y = 0
    for heading, panels in rows:
        placed.append(_row(heading, len(placed) + 1, y))
        x, y, lowest = 0, y + 1, y + 1
        for panel in panels:
            if x + panel.width > _WIDTH:
                x, y = 0, lowest
            placed.append(to_json(panel, len(placed) + 1, x, y))
            x, lowest = x + panel.width, max(lowest, y + panel.height)
        y = lowest
    return placed


def _row(heading: str, number: int, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": _WIDTH, "h": 1}
    return {"id": number, "type": "row", "title": heading, "collapsed": False, "gridPos": place, "panels": []}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": variable.values,
        "query": {"query": variable.values, "refId": variable.name},
        "refresh": 2,  # also when the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _others() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "Semel",
        "tags": [_TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


def _restarts() -> dict[str, Any]:
    """A line through all graphs where a server began."""
    return {
        "name": "Restarts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "purple",
        "expr": 'changes(semel_start_time_seconds{job=~"$job",instance=~"$instance"}[$__rate_interval]) > 0',
        "titleFormat": "{{instance}} began anew",
        "step": "30s",
    }
