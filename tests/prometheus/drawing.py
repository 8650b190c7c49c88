"""One panel of a dashboard drawn with matplotlib, plainly: what it shows counts, not that it looks like Grafana."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

import units
from expressions import filled_in
from prometheus import Prometheus, Series

_INK, _FAINT = "#24292f", "#8c959f"
_COLOURS = {"green": "#1a7f37", "yellow": "#bf8700", "red": "#cf222e", "blue": "#0969da"}
_LINES = (
    "#0969da",
    "#bc4c00",
    "#1a7f37",
    "#8250df",
    "#bf8700",
    "#cf222e",
    "#1b7c83",
    "#bf3989",
    "#57606a",
    "#4d2d00",
    "#116329",
    "#6639ba",
)
_ROUND_TIMES = (1, 60, 3600, 86400, 10 * 86400, 100 * 86400, 1000 * 86400, 10000 * 86400)
_LEGEND_CHARACTERS = 95  # that fit beside each other below a panel


@dataclass(frozen=True)
class Shown:
    """Whom to ask, and the time that is shown, in seconds since 1970."""

    prometheus: Prometheus
    start: float
    end: float
    step: float = 1.0

    def series(self, target: dict[str, Any]) -> list[tuple[str, Series]]:
        """With their words for the legend."""
        found = self.prometheus.query_range(self._filled_in(target), self.start, self.end, self.step)
        return [(_words(target["legendFormat"], series), series) for series in found]

    def rows(self, target: dict[str, Any]) -> list[dict[str, Any]]:
        found = self.prometheus.query(self._filled_in(target), self.end)
        return [{**sample.labels, "Value": sample.value} for sample in found]

    def _filled_in(self, target: dict[str, Any]) -> str:
        return filled_in(target["expr"], window="10s", span=f"{self.end - self.start:.0f}s")


def _words(legend: str, series: Series) -> str:
    return re.sub(r"{{(\w+)}}", lambda match: series.labels.get(match.group(1), ""), legend)


def draw(panel: dict[str, Any], axes: Axes, shown: Shown) -> bool:
    """False: there was nothing to show, and the panel's words for that stand there."""
    if _KINDS[panel["type"]](panel, axes, shown):
        return True
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, panel["fieldConfig"]["defaults"]["noValue"], ha="center", va="center", color=_FAINT, transform=axes.transAxes
    )
    return False


# ---- time series ---------------------------------------------------------------------------------------------------------


def _timeseries(panel: dict[str, Any], axes: Axes, shown: Shown) -> bool:
    defaults = panel["fieldConfig"]["defaults"]
    right_units = _right_units(panel)
    left: list[tuple[str, Series]] = []
    right: list[tuple[str, Series]] = []
    right_unit = ""
    for target in panel["targets"]:
        unit = right_units.get(target["refId"], "")
        right_unit = right_unit or unit
        (right if unit else left).extend(shown.series(target))
    if not left and not right:
        return False
    if defaults["custom"]["stacking"]["mode"] == "normal":
        _stack(axes, left, shown)
    else:
        _lines(axes, left, shown, _LINES)
    _axis(axes, defaults["unit"], shown, logarithmic=defaults["custom"]["scaleDistribution"]["type"] == "log")
    if right:
        other = axes.twinx()
        _lines(other, right, shown, _LINES[len(left) :] or _LINES, style="--")
        _axis(other, right_unit, shown)
        other.spines["right"].set_visible(True)
    _legend(axes, [*axes.get_legend_handles_labels()], [*other.get_legend_handles_labels()] if right else [[], []])
    return True


def _right_units(panel: dict[str, Any]) -> dict[str, str]:
    return {
        override["matcher"]["options"]: next(each["value"] for each in override["properties"] if each["id"] == "unit")
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byFrameRefID"
    }


def _lines(axes: Axes, found: list[tuple[str, Series]], shown: Shown, colours: Iterable[str], style: str = "-") -> None:
    for (words, series), colour in zip(found, _repeated(colours), strict=False):
        axes.plot(_since(series.times, shown), series.values, style, lw=1.2, label=words, color=colour)


def _stack(axes: Axes, found: list[tuple[str, Series]], shown: Shown) -> None:
    """A series that is not there at a moment adds nothing to the pile."""
    moments = sorted({moment for _, series in found for moment in series.times})
    piles = [[dict(zip(series.times, series.values, strict=True)).get(moment, 0.0) for moment in moments] for _, series in found]
    colours = [colour for _, colour in zip(found, _repeated(_LINES), strict=False)]
    axes.stackplot(_since(moments, shown), piles, labels=[words for words, _ in found], colors=colours, alpha=0.55, lw=0)


def _repeated(colours: Iterable[str]) -> Iterable[str]:
    chosen = list(colours)
    while True:
        yield from chosen


def _since(times: list[float], shown: Shown) -> list[float]:
    return [moment - shown.start for moment in times]


def _axis(axes: Axes, unit: str, shown: Shown, *, logarithmic: bool = False) -> None:
    axes.set_xlim(0, shown.end - shown.start)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value) // 60}:{int(value) % 60:02d}"))
    if logarithmic:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.set_yticks([tick for tick in _ROUND_TIMES if low <= tick <= high], minor=False)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        _from_zero(axes, unit)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.OF_GRAFANA[unit](value)))
    axes.tick_params(labelsize=7, colors=_INK, length=2)
    axes.grid(axis="y", color="#d8dee4", lw=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _from_zero(axes: Axes, unit: str) -> None:
    """A little below it, so that a line at 0 is seen."""
    lines = [value for line in axes.get_lines() for value in line.get_ydata()]
    highest = max([*lines, axes.dataLim.ymax if not lines else 0.0])
    highest = highest * 1.08 if highest > 0 else 1.0
    axes.set_ylim(-0.03 * highest, highest)
    step = units.step_of(unit, highest)
    ticks = MaxNLocator(4, integer=unit == "short").tick_values(0, highest / step) * step
    axes.set_yticks([tick for tick in ticks if 0 <= tick <= highest])


def _legend(axes: Axes, left: list[list[Any]], right: list[list[Any]]) -> None:
    handles, labels = left[0] + right[0], left[1] + right[1]
    columns = max(1, min(len(labels), int(_LEGEND_CHARACTERS / (max(map(len, labels)) + 5))))
    axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(-0.02, -0.12), ncols=columns, fontsize=6.5, frameon=False, handlelength=1.2,
        columnspacing=1.0, labelspacing=0.2,
    )  # fmt: skip


# ---- others --------------------------------------------------------------------------------------------------------------


def _stat(panel: dict[str, Any], axes: Axes, shown: Shown) -> bool:
    defaults = panel["fieldConfig"]["defaults"]
    found = [series for _, series in shown.series(panel["targets"][0])]
    axes.set_axis_off()
    if not found or not found[0].values:
        return False
    value = found[0].values[-1]
    words = {key: chosen for mapping in defaults["mappings"] for key, chosen in mapping["options"].items()}
    text = words[f"{value:.0f}"]["text"] if words else units.OF_GRAFANA[defaults["unit"]](value)
    colour = _COLOURS[_of_steps(defaults["thresholds"]["steps"], value)]
    axes.text(0.5, 0.55, text, ha="center", va="center", fontsize=17, fontweight="bold", color=colour, transform=axes.transAxes)
    if panel["options"]["graphMode"] == "area" and len(set(found[0].values)) > 1:
        below = axes.inset_axes((0, 0, 1, 0.28))
        below.fill_between(found[0].times, found[0].values, color=colour, alpha=0.2, lw=0)
        below.set_ylim(bottom=0)
        below.set_axis_off()
    return True


def _of_steps(steps: list[dict[str, Any]], value: float) -> str:
    reached = [step for step in steps if step["value"] is None or value >= step["value"]]
    colour: str = reached[-1]["color"]
    return colour


def _heatmap(panel: dict[str, Any], axes: Axes, shown: Shown) -> bool:
    found = [series for _, series in shown.series(panel["targets"][0])]
    bounded = sorted(found, key=lambda series: float(series.labels["le"]))
    if not bounded:
        return False
    moments = bounded[0].times
    counts = numpy.diff(numpy.array([series.values for series in bounded]), axis=0, prepend=0)
    used = numpy.nonzero(counts.sum(axis=1) > 0)[0]
    if not len(used):
        return False
    low, high = used[0], used[-1] + 1
    axes.pcolormesh(
        _since(moments, shown), numpy.arange(low, high), counts[low:high], cmap="Oranges", norm=PowerNorm(0.5), shading="nearest"
    )
    _axis(axes, panel["fieldConfig"]["defaults"]["unit"], shown)
    axes.grid(visible=False)
    axes.set_ylim(low - 0.5, high - 0.5)
    rows = range(low, high, max(1, (high - low) // 5))
    axes.set_yticks(list(rows), [_bound(bounded[row]) for row in rows])
    return True


def _bound(series: Series) -> str:
    return "more" if series.labels["le"] == "+Inf" else units.seconds(float(series.labels["le"]))


def _table(panel: dict[str, Any], axes: Axes, shown: Shown) -> bool:
    defaults = panel["fieldConfig"]["defaults"]
    (organised,) = [each["options"] for each in panel["transformations"] if each["id"] == "organize"]
    fields = sorted(organised["indexByName"], key=organised["indexByName"].__getitem__)
    unit_of = {each["matcher"]["options"]: each["properties"][0]["value"] for each in panel["fieldConfig"]["overrides"]}
    rows = _merged(panel, shown, [field for field in fields if not field.startswith("Value")])
    axes.set_axis_off()
    if not rows:
        return False
    headings = [organised["renameByName"][field] for field in fields]
    cells = [
        [
            _cell(row.get(field), unit_of.get(heading, defaults["unit"]), shown, defaults.get("decimals"))
            for field, heading in zip(fields, headings, strict=True)
        ]
        for row in rows
    ]
    drawn = axes.table(
        cells,
        colLabels=headings,
        cellLoc="left",
        colLoc="left",
        bbox=(0, max(0.0, 1 - 0.16 * (len(cells) + 1)), 1, min(1, 0.16 * (len(cells) + 1))),
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(7.5)
    for cell in drawn.get_celld().values():
        cell.set_edgecolor("#d8dee4")
        cell.get_text().set_color(_INK)
    return True


def _merged(panel: dict[str, Any], shown: Shown, labels: list[str]) -> list[dict[str, Any]]:
    """A row for each set of the labels, with the values of all queries side by side."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for target in panel["targets"]:
        name = "Value" if len(panel["targets"]) == 1 else f"Value #{target['refId']}"
        for found in shown.rows(target):
            row = rows.setdefault(tuple(found.get(label, "") for label in labels), {})
            row.update({label: found.get(label, "") for label in labels} | {name: found["Value"]})
    return [rows[key] for key in sorted(rows)]


def _cell(value: Any, unit: str, shown: Shown, decimals: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if unit == "dateTimeFromNow":
        return f"{units.seconds(shown.end - value / 1000)} ago"
    return f"{value:.0f}" if decimals == 0 and unit == "short" else units.OF_GRAFANA[unit](value)


_KINDS: dict[str, Callable[[dict[str, Any], Axes, Shown], bool]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "heatmap": _heatmap,
    "table": _table,
}
