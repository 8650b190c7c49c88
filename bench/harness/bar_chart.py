"""A chart of bars side by side, as SVG that needs nothing else."""

import html
import math

from harness import figures

COLOURS = ["#0b6e99", "#3aa6c9", "#9bd3e5", "#b3432b", "#d9805f", "#efc3ae", "#5b7a3a", "#a3bd82", "#8a6bb1", "#8c8c8c"]
STYLE = "font-family: system-ui, sans-serif; font-size: 12px"
LEFT, TOP, PLOT_HEIGHT, BAR, GAP, LINE = 70, 60, 280, 16, 26, 18
BOTTOM = TOP + PLOT_HEIGHT


def svg(title, subtitle, series, groups, unit):
    """`groups`: [(label, [(series, values of all rounds)])]. A bar is the median, its whisker reaches from the smallest to the largest;
    `series` says which colour each has."""
    top = nice_top(max(max(values) for _, members in groups for _, values in members))
    widths = [len(members) * BAR for _, members in groups]
    plot_width = sum(widths) + GAP * (len(groups) + 1)
    width = max(760, LEFT + plot_width + 20)
    parts = axis(top, plot_width, unit)
    x = LEFT + GAP
    for (label, members), group_width in zip(groups, widths):
        for name, values in members:
            parts += bar(x, values, top, COLOURS[series.index(name) % len(COLOURS)], f"{name}, {label}", unit)
            x += BAR
        parts.append(text(x - group_width / 2, BOTTOM + 18, label, "text-anchor: middle"))
        x += GAP
    height = BOTTOM + 50 + math.ceil(len(series) / 3) * LINE
    around = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="{STYLE}">',
              f'<rect width="{width}" height="{height}" fill="white"/>',
              text(LEFT, 20, title, "font-weight: bold; font-size: 15px"), text(LEFT, 38, subtitle, "fill: #666")]
    return "\n".join([*around, *legend(series), *parts, "</svg>", ""])


def legend(series):
    parts = []
    for number, name in enumerate(series):
        left, line = LEFT + (number % 3) * 190, BOTTOM + 36 + (number // 3) * LINE
        parts.append(f'<rect x="{left}" y="{line}" width="11" height="11" fill="{COLOURS[number % len(COLOURS)]}"/>')
        parts.append(text(left + 17, line + 10, name))
    return parts


def axis(top, plot_width, unit):
    parts = [text(8, TOP - 8, unit, "fill: #666")]
    for step in range(6):
        y = BOTTOM - PLOT_HEIGHT * step / 5
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + plot_width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, short(top * step / 5), "text-anchor: end"))
    return parts


def bar(x, values, top, colour, what, unit):
    y, low, high = (BOTTOM - PLOT_HEIGHT * value / top for value in figures.spread(values).values())
    centre = x + BAR / 2
    hint = html.escape(f"{what}: {figures.show(values, 2 if top < 100 else 0)} {unit}")
    return [f'<rect x="{x + 1}" y="{y:.1f}" width="{BAR - 2}" height="{BOTTOM - y:.1f}" fill="{colour}"><title>{hint}</title></rect>',
            f'<line x1="{centre}" x2="{centre}" y1="{low:.1f}" y2="{high:.1f}" stroke="#333"/>']


def text(x, y, words, style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" style="{style}">{html.escape(words)}</text>'


def short(number):
    return f"{number / 1000:g} k" if number >= 1000 else f"{number:g}"


def nice_top(largest):
    """The first of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below."""
    power = 10 ** math.floor(math.log10(largest)) if largest > 0 else 1
    return next(factor * power for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if factor * power >= largest)
