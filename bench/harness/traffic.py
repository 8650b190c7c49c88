"""What the reports of real traffic (bench/traffic/) look like to people."""

import statistics

from harness import figures


def windows(report, figure):
    """[(seconds at its end, value)] of each window but the last one, where that was cut short by the end."""
    at, series, whole = 0, [], report["windows"][0]["seconds"]
    for window in report["windows"]:
        at += window["seconds"]
        if window["seconds"] == whole:
            series.append((at, window[figure]))
    return series


def latency_table(reports):
    """By kind of call, over the rounds."""
    rows = [("call", "count", "p50 ms", "p99 ms", "p99.9 ms")]
    for kind in sorted({kind for report in reports for kind in report["latency_ms"]}):
        calls = [report["latency_ms"][kind] for report in reports if kind in report["latency_ms"]]
        rows.append((kind, f"{statistics.median(call['count'] for call in calls):,.0f}",
                     *(figures.show([figures.quantile(call, quantile) for call in calls], 2) for quantile in ("p50", "p99", "p99.9"))))
    return figures.table(rows)


def check_table(reports):
    """How many answers were right: a wrong one fails its run."""
    rows = [("held against what it had to be", "answers")]
    for what in sorted({what for report in reports for what in report["checked"]}):
        rows.append((what, f"{sum(report['checked'].get(what, 0) for report in reports):,}"))
    return figures.table(rows)
