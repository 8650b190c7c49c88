"""Panels as values, in the words of their dashboards; to_json() is the one place that knows how Grafana writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"

# Grafana's names of units.
PER_SECOND = "ops"
SECONDS = "s"
BYTES = "bytes"
BYTES_PER_SECOND = "Bps"
SHARE = "percentunit"
NUMBER = "short"
AGO = "dateTimeFromNow"


@dataclass(frozen=True)
class Query:
    """An expression of PromQL, and what its series are called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str
    axis_right_unit: str = ""  # these series get an axis of their own, in this unit


@dataclass(frozen=True)
class Panel:
    kind: str
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    empty: str  # what stands there instead of "No data"
    width: int = 8  # of 24
    height: int = 8
    stacked: bool = False
    logarithmic: bool = False  # for what differs by orders of magnitude
    calculation: str = "lastNotNull"  # of a stat
    steps: tuple[tuple[float | None, str], ...] = ((None, GREEN),)  # from which value on which colour
    words: tuple[tuple[str, str, str], ...] = ()  # value, text and colour: where a number stands for a state
    decimals: int | None = None
    columns: tuple[tuple[str, str, str], ...] = ()  # of a table: field, heading, unit

    def wide(self, width: int, height: int | None = None) -> Panel:
        return replace(self, width=width, height=height or self.height)


def graph(title: str, description: str, unit: str, *queries: Query, empty: str = "Nothing in this time", **more: Any) -> Panel:
    return Panel("timeseries", title, description, unit, queries, empty, **more)


def stat(title: str, description: str, unit: str, expr: str, *, empty: str = "–", **more: Any) -> Panel:
    return Panel("stat", title, description, unit, (Query(expr, title),), empty, **{"width": 4, "height": 4, **more})


def heatmap(title: str, description: str, unit: str, expr: str, *, empty: str = "Nothing in this time", **more: Any) -> Panel:
    """`expr` counts by `le`."""
    return Panel("heatmap", title, description, unit, (Query(expr, "{{le}}"),), empty, **more)


def table(title: str, description: str, unit: str, *queries: Query, empty: str, **more: Any) -> Panel:
    """One row for each set of labels, one column for each query."""
    return Panel("table", title, description, unit, queries, empty, **more)


def to_json(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [_target(panel, query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind](panel),
        **({"transformations": _columns(panel)} if panel.kind == "table" else {}),
    }


def _target(panel: Panel, query: Query, ref: str) -> dict[str, Any]:
    instant = panel.kind == "table"
    formats = {"table": "table", "heatmap": "heatmap"}
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "format": formats.get(panel.kind, "time_series"),
        "instant": instant,
        "range": not instant,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": panel.empty,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in panel.steps]},
        "mappings": [
            {"type": "value", "options": {value: {"text": text, "color": color, "index": index}}}
            for index, (value, text, color) in enumerate(panel.words)
        ],
        "custom": _CUSTOM[panel.kind](panel),
    }
    if not panel.logarithmic:
        defaults["min"] = 0
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    return defaults


def _drawn(panel: Panel) -> dict[str, Any]:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "axisPlacement": "auto",
        "scaleDistribution": {"type": "log", "log": 10} if panel.logarithmic else {"type": "linear"},
    }


_CUSTOM: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "timeseries": _drawn,
    "table": lambda _: {"align": "auto", "filterable": True},
    "stat": lambda _: {},
    "heatmap": lambda _: {},
}

_OPTIONS: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "timeseries": lambda _: {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": lambda panel: {
        "reduceOptions": {"values": False, "calcs": [panel.calculation], "fields": ""},
        "colorMode": "value",
        "graphMode": "none" if panel.words else "area",
        "justifyMode": "auto",
        "textMode": "auto",
        "orientation": "auto",
    },
    "table": lambda _: {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
    "heatmap": lambda panel: {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
        "yAxis": {"unit": panel.unit, "axisPlacement": "left"},
        "cellGap": 1,
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "rowsFrame": {"layout": "auto"},
    },
}


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    right = [
        {
            "matcher": {"id": "byFrameRefID", "options": chr(ord("A") + index)},
            "properties": [
                {"id": "unit", "value": query.axis_right_unit},
                {"id": "custom.axisPlacement", "value": "right"},
            ],
        }
        for index, query in enumerate(panel.queries)
        if query.axis_right_unit
    ]
    units = [
        {"matcher": {"id": "byName", "options": heading}, "properties": [{"id": "unit", "value": unit}]}
        for _, heading, unit in panel.columns
        if unit
    ]
    return right + units


def _columns(panel: Panel) -> list[dict[str, Any]]:
    """Only the named fields, under their headings, in this order."""
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [field for field, _, _ in panel.columns]}}},
        {
            "id": "organize",
            "options": {
                "indexByName": {field: index for index, (field, _, _) in enumerate(panel.columns)},
                "renameByName": {field: heading for field, heading, _ in panel.columns},
            },
        },
    ]
