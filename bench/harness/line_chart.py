"""A chart of lines over time or over growth, as SVG that needs nothing else."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 56, 44
COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a"]


def ticks(highest, about=5):
    """Round numbers from 0 to just above the highest."""
    step = 10 ** math.floor(math.log10(highest / about)) if highest > 0 else 1
    step *= next((factor for factor in (1, 2, 5, 10) if highest / (step * factor) <= about), 10)
    return [step * n for n in range(math.ceil(highest / step - 1e-9) + 1)] or [0, 1]


def words(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def svg(title, x_title, y_title, series):
    """`series`: {name: [(x, y)]}. Both axes begin at 0."""
    points = [point for line in series.values() for point in line]
    x_ticks, y_ticks = ticks(max(x for x, _ in points), 8), ticks(max(y for _, y in points))
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return f"{LEFT + across * x / x_ticks[-1]:.1f},{TOP + down * (1 - y / y_ticks[-1]):.1f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="20" font-size="15" font-weight="bold">{escape(title)}</text>',
             f'<text x="{LEFT + across / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_title)}</text>',
             f'<text x="14" y="{TOP + down / 2}" text-anchor="middle" transform="rotate(-90 14 {TOP + down / 2})">'
             f"{escape(y_title)}</text>"]
    for tick in y_ticks:
        x, y = place(0, tick).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{words(tick)}</text>')
    for tick in x_ticks:
        x, _ = place(tick, 0).split(",")
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{words(tick)}</text>')
    at = LEFT
    for (name, line), colour in zip(series.items(), COLOURS * len(series)):
        path = " ".join(place(x, y) for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<rect x="{at}" y="32" width="10" height="10" fill="{colour}"/>'
                     f'<text x="{at + 14}" y="41">{escape(name)}</text>')
        at += 30 + 7 * len(name)
    return "\n".join([*parts, "</svg>", ""])
