"""./dev bench mix: what real traffic looks like, every answer checked.

Of a hundred Begins about 90 are of fresh keys, 9 are replays of keys that are hot by Zipf's law, 1 is a duplicate that waits while
the owner works. Results are of 200 bytes (90 %), 4 KB (9 %) and 64 KB (1 %). Of the fresh keys 1 % fail for good, 1 % fail
and are tried again, 1 % are abandoned on purpose with a short lease and taken over; then the first owner wakes up and must be
refused. A replay must return the very bytes. Beside it, in turn: fresh keys with 200 bytes alone.
"""

import argparse
import os

import comparison
from harness import arguments, charts, figures, machine, processes, runs, traffic
from harness.figures import Target
from peers.semel import Semel

WINDOW_S = 1
# A mean result has about 1,200 bytes instead of 200.
LEAST_CALLS = 0.5


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench mix", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser, rounds=3, seconds=10.0)
    parser.add_argument("--in-flight", type=arguments.counts(arguments.MOST_IN_FLIGHT), metavar="N,...", default=[64, 256],
                        help="callers side by side (default 64,256)")
    return parser.parse_args(given)


def measure(options, workspace, reports):
    """Fills {(kind, in flight): [report of each round]}. Each round on a server that starts empty."""
    for number in range(1, options.rounds + 1):
        runs.progress(f"round {number} of {options.rounds}")
        with runs.folder_of_round(workspace, number) as folder, processes.stopping(Semel(options, folder)) as server:
            for kind, n in comparison.in_turn(list(reports), number - 1, options.rounds):
                os.sync()  # what the last one left to the kernel to write is not for this one to wait for
                plain = ["--plain"] if kind == "plain" else []
                reports[kind, n].append(runs.traffic(options, server, n, options.seconds, WINDOW_S, *plain))


def speed_table(reports):
    rows = [("traffic", "in flight", "rounds/s", "calls/s", "server cores", "client cores")]
    for (kind, n), of_rounds in reports.items():
        rows.append((kind, f"{n:,}", *(figures.show([r[name] for r in of_rounds], digits) for name, digits in (
            ("rounds_per_s", 0), ("calls_per_s", 0), ("server_cpu_cores", 2), ("client_cpu_cores", 2)))))
    return figures.table(rows)


def chart(reports, in_flight):
    lines = {f"{kind}, p99": traffic.windows(reports[kind, in_flight][-1], "p99") for kind in ("plain", "mix")}
    return charts.lines(f"Every call of the last round, {in_flight} in flight", "seconds", "ms", lines)


def targets(reports):
    """What real traffic costs beside fresh keys with small results alone, at the same number in flight."""
    return [Target(f"calls/s of mix over plain, {n} in flight", "≥", LEAST_CALLS,
                   figures.ratios(*([r["calls_per_s"] for r in reports[kind, n]] for kind in ("mix", "plain"))))
            for n in sorted({n for _, n in reports})]


def main(given=None):
    options = parse_arguments(given)
    reports = {(kind, n): [] for n in options.in_flight for kind in ("plain", "mix")}

    def results():
        cases = [{"traffic": kind, "in_flight": n, "rounds": of_rounds} for (kind, n), of_rounds in reports.items()]
        return {"machine": about, "cases": cases}

    with runs.workspace(options) as workspace:
        about = machine.facts(workspace)
        print(machine.describe(about), flush=True)
        with runs.salvaging("mix", results):
            measure(options, workspace, reports)
    found = targets(reports)
    print("", speed_table(reports), sep="\n")
    for (kind, n), of_rounds in reports.items():
        if kind == "mix":
            print(f"\nmix, {n} in flight", traffic.latency_table(of_rounds), sep="\n")
    print("", traffic.check_table([report for of_rounds in reports.values() for report in of_rounds]), "",
          figures.target_table(found), sep="\n")
    print("\nwritten to", *runs.write("mix", results() | {"targets": [target.to_json() for target in found]},
                                      [(f"p99-{n}", chart(reports, n)) for n in options.in_flight]))
    return figures.exit_code(options, found)
