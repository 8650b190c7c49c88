"""The expressions that many panels are made of. None of them gives NaN: where nothing happened, there is nothing."""

from __future__ import annotations

SELECTED = 'job=~"$job",instance=~"$instance"'
# Of alerts and of what is recorded, which need not have the labels of a server: one may be about a server that is not there.
SELECTED_OR_NONE = 'job=~"$job|",instance=~"$instance|"'


def of(metric: str, *labels: str) -> str:
    """The series of what is selected above the dashboard."""
    return f"{metric}{{{','.join((SELECTED, *labels))}}}"


def summed(metric: str, *labels: str, by: str = "") -> str:
    return f"{_sum(by)}({of(metric, *labels)})"


def per_second(metric: str, *labels: str, by: str = "") -> str:
    return f"{_sum(by)}(rate({of(metric, *labels)}[$__rate_interval]))"


def total(metric: str, *labels: str, by: str = "") -> str:
    """Over the time that the dashboard shows."""
    return f"{_sum(by)}(increase({of(metric, *labels)}[$__range]))"


def quantile(share: float, metric: str, *labels: str, by: str = "") -> str:
    """Of a histogram. `>= 0` leaves out the NaN of a time in which nothing was counted."""
    groups = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {per_second(metric + '_bucket', *labels, by=groups)}) >= 0"


def quotient(part: str, whole: str) -> str:
    """`> 0` leaves out the NaN of a time in which there was no whole."""
    return f"{part} / ({whole} > 0)"


def mean(metric: str, *labels: str) -> str:
    """Of a histogram."""
    return quotient(per_second(metric + "_sum", *labels), per_second(metric + "_count", *labels))


def counted(metric: str, *labels: str) -> str:
    """A histogram's counts by bucket, for a heatmap."""
    return f"sum by (le) (increase({of(metric + '_bucket', *labels)}[$__rate_interval]))"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
