"""Figures of all rounds -> words for people. A figure is the median over the rounds, with the smallest and largest."""

import statistics


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


SAMPLES_FOR = {"p50": 2, "p99": 100, "p99.9": 1000}


def quantile(call, name):
    """Of the latencies of a call as the generators report them; None where too few of them stand behind it."""
    return call[name] if call["count"] >= SAMPLES_FOR[name] else None


def slower(report, name):
    """A quantile in ms: that of Begin or of Complete, whichever is larger. None: too few calls to tell."""
    found = [quantile(call, name) for call in report["latency_ms"].values()]
    return None if None in found else max(found)


def show(values, digits=0):
    """ "-": some round does not know it, or there was none."""
    if not values or None in values:
        return "-"
    s = spread(values)
    return f"{s['median']:,.{digits}f}  ({s['min']:,.{digits}f} to {s['max']:,.{digits}f})"


def ratios(ours, theirs):
    """Round by round: a ratio within a round outlives the noise between rounds."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def table(rows, form="simple"):
    """The first row is the head."""
    import tabulate  # late: --help answers before it is installed

    return tabulate.tabulate(rows, headers="firstrow", tablefmt=form, disable_numparse=True)


def markdown(rows):
    return table(rows, "github")


class Target:
    """A figure that is to be reached by the median over the rounds. None among the values: too few calls stood behind it to tell, so it
    is not met."""

    def __init__(self, name, comparison, bound, values, digits=2):
        assert comparison in ("≥", "≤")
        self.name, self.comparison, self.bound, self.values, self.digits = name, comparison, bound, values, digits

    def met(self):
        return self.verdict() == "met"

    def verdict(self):
        if None in self.values:
            return "too few calls"
        median = statistics.median(self.values)
        reached = median >= self.bound if self.comparison == "≥" else median <= self.bound
        return "met" if reached else "MISSED"

    def row(self):
        return (self.name, f"{self.comparison} {self.bound:,.{self.digits}f}", show(self.values, self.digits), self.verdict())

    def to_json(self):
        return {"name": self.name, "comparison": self.comparison, "bound": self.bound, "values": self.values,
                "met": self.met()}


def target_rows(targets):
    return [("target", "", "measured", ""), *(target.row() for target in targets)]


def target_table(targets):
    return table(target_rows(targets)) if targets else "What was measured has no target."


def exit_code(options, targets):
    return int(options.check and not all(target.met() for target in targets))
