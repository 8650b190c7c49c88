#!/usr/bin/env python3
"""Draws all panels of each dashboard as they look after some minutes of load: docs/images/dashboard-*.png.

    SEMEL_TEST_SEMELD=build/release/server/semeld build/operating/bin/python tests/prometheus/contact_sheet.py [SECONDS [DIRECTORY]]

Not Grafana, but the same panels, expressions, units and words, asked of a real Prometheus that watches a real semeld.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from drawing import Shown, draw
from expressions import dashboards
from load import configuration, drive
from monitored import REPOSITORY, chart_rules, monitored
from shortened import shortened

_SECONDS = 170.0
_WIDTH = 18.0  # inches of 24 columns
_UNIT = 0.34  # inches of a dashboard's unit of height
_HEAD = 0.7  # inches for the title
_DPI = 84


def pace(elapsed: float) -> float:
    """A quiet start, two waves, a lull, and a rush: curves that have a shape."""
    wave = 1.2 + math.sin(elapsed / 9)
    if elapsed < 15:
        return 0.5
    if 85 < elapsed < 110:
        return 0.25
    return 2.2 if 130 < elapsed < 145 else wave


def sheet(dashboard: dict[str, Any], shown: Shown) -> Figure:
    panels = dashboard["panels"]
    height = _HEAD + _UNIT * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    figure.text(0.012, 1 - 0.45 / height, dashboard["title"], fontsize=15, fontweight="bold", color="#24292f")
    for panel in panels:
        place = panel["gridPos"]
        left, top = place["x"] / 24, _HEAD + place["y"] * _UNIT
        if panel["type"] == "row":
            figure.text(0.012, 1 - (top + 0.22) / height, panel["title"], fontsize=11, color="#57606a")
            continue
        figure.text(left + 0.25 / _WIDTH, 1 - (top + 0.27) / height, panel["title"], fontsize=9, fontweight="bold", color="#24292f")
        margin = _margins(panel["type"])
        axes = figure.add_axes(
            (
                left + margin[0] / _WIDTH,
                1 - (top + place["h"] * _UNIT - margin[3]) / height,
                place["w"] / 24 - (margin[0] + margin[2]) / _WIDTH,
                (place["h"] * _UNIT - margin[1] - margin[3]) / height,
            )
        )
        if not draw(panel, axes, shown):
            print(f"{dashboard['title']}: {panel['title']} is empty")
    return figure


def _margins(kind: str) -> tuple[float, float, float, float]:
    """Inches left, above, right and below a panel's plot."""
    return (0.25, 0.35, 0.2, 0.1) if kind in ("stat", "table") else (0.62, 0.42, 0.5, 0.62)


def write(figure: Figure, path: Path) -> None:
    """With a palette, which makes the file a third as large and looks the same."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(_DPI)
    canvas.draw()
    picture = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else _SECONDS
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else REPOSITORY / "docs/images"
    matplotlib.use("agg")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="semel-") as name:
        directory = Path(name)
        with monitored(directory, configuration(directory), chart_rules(shortened)) as watched:
            watched.prometheus.wait_for_value("count_over_time(semel_build_info[1m]) > 3")
            start = time.time()
            drive(watched, seconds, pace)
            shown = Shown(watched.prometheus, start, start + seconds)
            for dashboard in dashboards():
                name = dashboard["uid"].removeprefix("semel-")
                write(sheet(dashboard, shown), target / f"dashboard-{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
