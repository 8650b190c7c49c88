"""Numbers as Grafana writes them in the units that the dashboards use."""

from __future__ import annotations

from collections.abc import Callable

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("", "K", "M", "G", "T")


def seconds(value: float) -> str:
    for length, name in _TIMES:
        if abs(value) >= length:
            return f"{_short(value / length)} {name}"
    return "0 s" if value == 0 else f"{_short(value / 1e-6)} µs"


def share(value: float) -> str:
    return f"{_short(value * 100)} %"


def bytes_(value: float) -> str:
    return _scaled(value, 1024.0, _BINARY, " ")


def bytes_per_second(value: float) -> str:
    return f"{bytes_(value)}/s"


def number(value: float) -> str:
    return _scaled(value, 1000.0, _DECIMAL, "")


def per_second(value: float) -> str:
    return f"{number(value)}/s"


def _scaled(value: float, step: float, names: tuple[str, ...], space: str) -> str:
    for name in names[:-1]:
        if abs(value) < step:
            return f"{_short(value)}{space}{name}".rstrip()
        value /= step
    return f"{_short(value)}{space}{names[-1]}"


def _short(value: float) -> str:
    """Three figures that count, and no noughts that do not."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def step_of(unit: str, highest: float) -> float:
    """What round numbers are counted in: hours on an axis that reaches a day, mebibytes on one that reaches a gibibyte."""
    if unit == "s":
        return next((length for length, _ in _TIMES if highest >= 2 * length), 1e-6)
    if unit in ("bytes", "Bps"):
        step = 1.0
        while highest >= 2 * step * 1024:
            step *= 1024
        return step
    return 1.0


OF_GRAFANA: dict[str, Callable[[float], str]] = {
    "ops": per_second,
    "s": seconds,
    "bytes": bytes_,
    "Bps": bytes_per_second,
    "percentunit": share,
    "short": number,
}
