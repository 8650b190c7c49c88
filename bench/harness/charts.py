"""Charts as SVG: bars side by side, and lines over time or over growth."""

import io

from harness import figures

# A family of colours for each server.
COLOURS = ["#0b6e99", "#3aa6c9", "#9bd3e5", "#123f5a", "#b3432b", "#d9805f", "#efc3ae", "#5b7a3a", "#a3bd82", "#8a6bb1", "#8c8c8c"]
BAR, GAP = 1, 1.6


def bars(title, subtitle, groups, colours, unit):
    """`groups`: [(label, [(series, values of all rounds)])]. A bar is the median, its whisker reaches from the smallest to the largest;
    `colours`: {series: colour}."""
    figure, axes = canvas(title, subtitle, unit, 9)
    middles, x, shown = [], 0, {}
    for _, members in groups:
        middles.append(x + (len(members) - 1) * BAR / 2)
        for name, values in members:
            of = figures.spread(values)
            reach = [[of["median"] - of["min"]], [of["max"] - of["median"]]]
            shown[name] = axes.bar(x, of["median"], 0.85 * BAR, color=colours[name], yerr=reach, ecolor="#333", error_kw={"linewidth": 0.8})
            x += BAR
        x += GAP
    axes.set_xticks(middles, [label for label, _ in groups])
    in_order = [name for name in colours if name in shown]
    axes.legend([shown[name] for name in in_order], in_order, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncol=4, frameon=False)
    return svg(figure)


def lines(title, x_title, y_title, series, marker=None):
    """`series`: {name: [(x, y)]}. Both axes begin at 0."""
    figure, axes = canvas(title, "", y_title, 7.5)
    for (name, points), colour in zip(series.items(), COLOURS[::4] + COLOURS):
        axes.plot(*zip(*points), label=name, color=colour, linewidth=1.5, marker=marker)
    axes.set_xlabel(x_title)
    axes.set_xlim(left=0)
    axes.legend(frameon=False)
    return svg(figure)


def canvas(title, subtitle, y_title, width):
    import matplotlib.figure  # late: --help answers before it is installed
    import matplotlib.ticker

    figure = matplotlib.figure.Figure(figsize=(width, 4.6))
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontweight="bold", pad=24)
    axes.text(0, 1.025, subtitle, transform=axes.transAxes, color="#666", fontsize=8)
    axes.set_ylabel(y_title)
    axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,g}"))
    axes.grid(axis="y", color="#ddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def svg(figure):
    import matplotlib

    figure.axes[0].set_ylim(bottom=0)
    text = io.StringIO()
    # Text stays text, and the same figures give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "semel", "font.family": "sans-serif"}):
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    return text.getvalue()
