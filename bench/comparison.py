"""What `compare` measures, and what it makes of the figures: cases, tables, targets."""

import statistics

from harness import arguments, charts, figures, machine
from harness.figures import Target

IN_FLIGHT = [1, 8, 64, 256, 1024]
LEGEND = """Median, and smallest to largest round; of echo calls, not pairs; latencies of Begin or Complete, whichever is slower.
A closed loop: each caller sends its next operation when the last one is answered, so a slow answer also slows the load down.
A quantile that too few calls stand behind is left out (p99.9 of less than 1,000)."""
FLUSHES = """Syncs as the server counts them; flushes of the whole disk as the kernel counts them, where it does. Other writers add to these, and
the kernel makes one of several that come at once."""
DISTURBING_CORES = 0.1
OVER_FDATASYNC_MS = 0.130  # what a lone operation may take beyond the sync itself


class Case:
    """One way of asking one server: with how many in flight it makes sense, which service of the load generator, its arguments."""

    def __init__(self, name, peer, in_flight, service, *arguments):
        self.name, self.peer, self.in_flight, self.service, self.arguments = name, peer, in_flight, service, arguments


def plan(in_flight, names=None):
    """[(case, in flight)]: for each number in flight the cases that make sense with it."""
    return [(case, n) for n in in_flight for case in CASES if n in case.in_flight and (not names or case.name in names)]


def in_turn(steps, number, rounds):
    """The order of round `number` (from 0) of so many: for each number in flight another case goes first, evenly over the rounds, and every
    second round goes backwards from there. So what a case leaves behind for the next one falls on one neighbour in these rounds and on
    the other in those."""
    order = []
    for n in dict.fromkeys(n for _, n in steps):
        cases = [step for step in steps if step[1] == n]
        first = number * len(cases) // rounds
        forwards = cases[first:] + cases[:first]
        order += forwards[:1] + forwards[:0:-1] if number % 2 else forwards
    return order


BATCH, PIPELINE = ("--keys-per-call", 64), ("--pipeline", 16)
MOST = arguments.MOST_IN_FLIGHT
SINGLE, DEEP, BATCHES, PIPELINES = range(1, 512), range(1, MOST + 1), range(64, MOST + 1, 64), range(64, MOST + 1, 16)
CASES = [
    Case("semel-unary", "semel", SINGLE, "semel-unary"),
    Case("semel-stream", "semel", DEEP, "semel-stream"),
    Case("semel-batch", "semel", BATCHES, "semel-unary", *BATCH),
    Case("semel-client", "semel", SINGLE, "semel-client"),
    Case("redis", "redis", SINGLE, "redis"),
    Case("redis-pipelined", "redis", PIPELINES, "redis", *PIPELINE),
    Case("redis-batch", "redis", BATCHES, "redis", *BATCH),
    Case("postgresql", "postgresql", SINGLE, "postgresql"),
    Case("postgresql-batch", "postgresql", BATCHES, "postgresql", *BATCH),
    Case("etcd", "etcd", SINGLE, "etcd"),
    Case("echo", "echo", SINGLE, "echo"),
]


def of(runs_of, name, in_flight, figure):
    """A figure of each round of a case, or None where it was not measured."""
    reports = runs_of.get((name, in_flight))
    return [figure(report) for report in reports] if reports else None


def pairs(report):
    return report["pairs_per_s"]


def calls(report):
    return report["calls_per_s"]


def slower(quantile):
    return lambda report: figures.slower(report, quantile)


def best(runs_of, names, in_flight):
    """Of several cases the one with the highest median."""
    measured = [name for name in names if (name, in_flight) in runs_of]
    return max(measured, key=lambda name: statistics.median(of(runs_of, name, in_flight, pairs)), default=None)


def targets(runs_of, syncs_ms):
    """Those of the cases that were measured. Ratios are taken round by round."""
    found = []

    def ratio(bound, ours, theirs, in_flight, figure=pairs, what="pairs/s"):
        measured = of(runs_of, ours, in_flight, figure), of(runs_of, theirs, in_flight, figure)
        if all(measured):
            found.append(Target(f"{ours} over {theirs}, {what}, {in_flight:,} in flight", "≥", bound, figures.ratios(*measured)))

    def at_most(bound, name, quantile, in_flight):
        values = of(runs_of, name, in_flight, slower(quantile))
        if values:
            found.append(Target(f"{name} {quantile} in ms, {in_flight:,} in flight", "≤", bound, values))

    for n in (64, 256):
        ratio(1.0, "semel-unary", "redis", n)
        ratio(0.55, "semel-unary", "echo", n, calls, "calls/s")
    for n, bound, p99_ms in ((64, 2.0, 1.5), (256, 3.0, 3.0)):
        ratio(bound, "semel-stream", "redis", n)
        at_most(p99_ms, "semel-stream", "p99", n)
    deep = best(runs_of, ("semel-batch", "semel-stream"), 1024)
    ratio(2.0, deep, "redis-pipelined", 1024)
    ratio(2.0, deep, "postgresql-batch", 1024)
    for peer, stream_bound, unary_bound in (("postgresql", 3.0, 2.0), ("etcd", 6.0, 4.0)):
        ratio(stream_bound, "semel-stream", peer, 64)
        ratio(unary_bound, "semel-unary", peer, 64)
    if syncs_ms:
        for name in ("semel-unary", "semel-stream"):
            at_most(statistics.median(syncs_ms) + OVER_FDATASYNC_MS, name, "p50", 1)
    return found


def proof_table(servers, runs_of):
    """What shows that every answer was synced: settings as the servers tell them, and how many pairs shared a sync."""
    return figures.table(durability_rows(servers)) + "\n\n" + syncs_table(runs_of)


def durability_rows(servers):
    return [("server", "what it says of its durability"),
            *((about["version"], ", ".join(f"{key}: {value}" for key, value in about["durability"].items())) for about in servers.values())]


def sync_rows(runs_of):
    """Syncs as the server counts them, and flushes as the kernel does."""
    rows = [("in flight", "case", "pairs", "syncs", "pairs to a sync", "flushes", "pairs to a flush")]
    for (name, n), reports in runs_of.items():
        all_pairs = sum(report["all_pairs"] for report in reports)
        row = [f"{n:,}", name, f"{all_pairs:,}"]
        for what in ("syncs", "flushes"):
            known = all(what in report for report in reports)
            count = sum(report[what] for report in reports) if known else 0
            row += [f"{count:,}" if known else "-", f"{all_pairs / count:.1f}" if count else "-"]
        rows.append(tuple(row))
    return rows


def syncs_table(runs_of):
    return figures.table(sync_rows(runs_of)) + "\n" + FLUSHES


def taken_away(report):
    """Processors that other programs and the hypervisor took."""
    return report["others_cores"] + report["steal_cores"]


def disturbed(report):
    return taken_away(report) > DISTURBING_CORES


def main_rows(runs_of):
    rows = [("in flight", "case", "pairs/s", "p50 ms", "p99 ms", "p99.9 ms", "server CPU us/pair", "client CPU us/pair")]
    for (name, n), reports in runs_of.items():
        speed = pairs if any(map(pairs, reports)) else calls
        rows.append((f"{n:,}", name + "*" * any(map(disturbed, reports)), figures.show([speed(r) for r in reports]),
                     *(figures.show([slower(q)(r) for r in reports], 2) for q in ("p50", "p99", "p99.9")),
                     *(f"{statistics.median(r[cpu] for r in reports):.1f}" for cpu in ("server_cpu_us", "client_cpu_us"))))
    return rows


def main_table(runs_of):
    return "\n".join([figures.table(main_rows(runs_of)), LEGEND, *remarks(runs_of)])


def remarks(runs_of):
    """What did not go as it should."""
    every = [report for reports in runs_of.values() for report in reports]
    return [f"{sum(map(disturbed, every))} of {len(every)} runs were disturbed (*): programs or the hypervisor took more than a tenth of a processor "
            f"meanwhile, {max(map(taken_away, every)):.2f} at most. {sum(report['repeats'] for report in every)} more were for that reason not taken.",
            *(f"Measured again: {name}, {n:,} in flight, round {number}, which failed: {report['failure_before'].splitlines()[0]}"
            for (name, n), reports in runs_of.items() for number, report in enumerate(reports, 1) if "failure_before" in report)]


def document(about, servers, runs_of, found):
    """The same as Markdown, for whoever shows it to others."""
    versions = ", ".join(server["version"] for name, server in servers.items() if name != "echo")
    return "\n\n".join(["# Semel next to what people use instead", "How it was measured, and how to read it: [bench/README.md](../README.md).",
                        machine.describe(about), versions, figures.markdown(main_rows(runs_of)), LEGEND, *remarks(runs_of),
                        figures.markdown(figures.target_rows(found)),
                        figures.markdown(durability_rows(servers)), figures.markdown(sync_rows(runs_of)), FLUSHES, ""])


def pictures(runs_of, about):
    """[(name, SVG)]: throughput and tail of everything that deals in pairs."""
    subtitle = "median, smallest and largest round; {cpus} × {cpu}, Semel {commit}".format(**about)

    def picture(title, figure, unit):
        groups = []
        for n in sorted({n for _, n in runs_of}):
            members = [(name, [figure(r) for r in reports]) for (name, m), reports in runs_of.items()
                       if m == n and any(map(pairs, reports)) and None not in map(figure, reports)]
            if members:
                groups.append((f"{n:,} in flight", members))
        return charts.bars(title, subtitle, groups, {case.name: colour for case, colour in zip(CASES, charts.COLOURS)}, unit)

    if not any(any(map(pairs, reports)) for reports in runs_of.values()):
        return []
    return [("pairs", picture("Begin + Complete of fresh keys, every answer synced", pairs, "pairs/s")),
            ("p99", picture("p99 of Begin or Complete, whichever is slower", slower("p99"), "ms")),
            ("cpu", picture("Processor time of the server for a pair", lambda r: r["server_cpu_us"], "us"))]
