"""Whether a command printed what its document shows, but for what differs from run to run: numbers, names of machines."""

import re

ANY_LINES = ("...", "…")


def normalized(line):
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    line = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z| UTC)?", "#", line)
    line = re.sub(r"\b[\w.-]*[A-Za-z][\w.-]*[:@][\w.-]+", "NAME", line)  # host:pid, user@host, host:port
    line = re.sub(r"\b[0-9a-f]{16,}\b", "#", line)
    # A duration may have more or fewer parts: 29s969ms, 30s, 1 d, 23 h 59 min.
    line = re.sub(r"\d[\d.,]*(\s?(us|µs|ms|s|sec|min|m|h|d|days?|hours?|minutes?|seconds?)(?![A-Za-z])\s*)?", "#", line)
    line = re.sub(r"\bin #|# ?ago|\bjust now|\bnow\b", "~", line)  # times relative to now
    return re.sub(r"[\s#~]+", " ", line).strip()


def same(shown, printed):
    """Compares line by line; a line `...` in the document stands for any number of lines."""
    wanted = [line for line in shown if line.strip()]
    got = [line for line in printed if line.strip()]
    return _matches([line if line.strip() in ANY_LINES else normalized(line) for line in wanted],
                    [normalized(line) for line in got])


def tokens(shown, printed):
    """What the fencing tokens and ids in the document are in this run: a reader types those that were printed."""
    long_number = re.compile(r"\b\d{12,}\b")
    return dict(zip(long_number.findall("\n".join(shown)), long_number.findall("\n".join(printed))))


def _matches(wanted, got):
    if not wanted:
        return not got
    if wanted[0].strip() in ANY_LINES:
        return any(_matches(wanted[1:], got[skip:]) for skip in range(len(got) + 1))
    return bool(got) and wanted[0] == got[0] and _matches(wanted[1:], got[1:])
