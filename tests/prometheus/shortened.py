"""The chart's rules with all their durations divided, so that what takes hours can be seen within seconds.

    with monitored(tmp_path, rules=chart_rules(shortened)) as watched: ...

Only durations change: ranges and offsets, `for` and `interval`. Expressions, thresholds and names are those of the chart.
"""

from __future__ import annotations

import re

FACTOR = 60
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A rate needs two scrapes, and one of them may come late.
_SHORTEST_RANGE = 5

_RANGE = re.compile(r"\[(\d+)([smhd])(?::(\d+)([smhd]))?\]")
_OFFSET = re.compile(r"\boffset (\d+)([smhd])")
_FIELD = re.compile(r"^( *(?:- )?(?:for|interval): )(\d+)([smhd])$", re.MULTILINE)


def _divided(number: str, unit: str, least: int) -> str:
    return f"{max(least, int(number) * _SECONDS[unit] // FACTOR)}s"


def shortened(text: str) -> str:
    """The text of a rule file."""

    def range_(match: re.Match[str]) -> str:
        length, unit, step, step_unit = match.groups()
        resolution = f":{_divided(step, step_unit, 1)}" if step else ""
        return f"[{_divided(length, unit, _SHORTEST_RANGE)}{resolution}]"

    text = _RANGE.sub(range_, text)
    text = _OFFSET.sub(lambda match: f"offset {_divided(match[1], match[2], 1)}", text)
    return _FIELD.sub(lambda match: match[1] + _divided(match[2], match[3], 1), text)
