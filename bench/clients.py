"""./dev bench clients: how fast each client library is, next to the C++ one, in one run.

A pair is Begin + Complete of a key that nobody used before, with 200 bytes of result, through the plain calls or through run() of each
library, one process each, on a real semeld that syncs. Go and Python make run() do it; C++ and "go-calls" the two calls. "bare-aio" and
"bare-sync" are two Lookups with grpcio alone: what calls cost in Python without any library of ours.
"""

import argparse
import json
import os

import comparison
from harness import arguments, figures, machine, processes, runs
from harness.figures import Target
from peers.semel import Semel

GO = runs.ROOT / "build/go-bench"
PYTHON = runs.ROOT / "build/python/bin/python"
LOAD = runs.ROOT / "client/python/bench/load.py"
RESULT_BYTES = 200


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench clients", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser)
    parser.add_argument("--callers", type=arguments.counts(1024), metavar="N,...", default=[1, 64], help="callers side by side (default 1,64)")
    return parser.parse_args(given)


def cpp(options, server, callers):
    return runs.load(options, server, "semel-client", callers)


def go(way):
    def measure(options, server, callers):
        return said_by(options, GO, "-address", server.address, "-callers", callers, "-length", f"{options.seconds}s",
                       "-warm-up", f"{options.warm_up}s", "-payload", RESULT_BYTES, "-way", way)
    return measure


def python(mode):
    def measure(options, server, callers):
        return said_by(options, PYTHON, LOAD, "--address", server.address, "--callers", callers, "--seconds", options.seconds,
                       "--warm-up", options.warm_up, "--payload", RESULT_BYTES, "--mode", mode)
    return measure


def said_by(options, *command):
    return json.loads(processes.output(*command, limit_s=options.warm_up + options.seconds + runs.SLACK_S))


CASES = {"cpp": cpp, "go-calls": go("calls"), "go-run": go("run"), "python-sync": python("sync"), "python-aio": python("aio"),
         "bare-sync": python("bare-sync"), "bare-aio": python("bare-aio")}


def measure(options, workspace, reports):
    """Fills {(case, callers): [report of each round]}. Each round on a server that starts empty."""
    for number in range(1, options.rounds + 1):
        runs.progress(f"round {number} of {options.rounds}")
        with runs.folder_of_round(workspace, number) as folder, processes.stopping(Semel(options, folder)) as server:
            for case, n in comparison.in_turn(list(reports), number - 1, options.rounds):
                os.sync()  # what the last one left to the kernel to write is not for this one to wait for
                reports[case, n].append(CASES[case](options, server, n))


def pairs(reports, case, callers):
    return [report["pairs_per_s"] for report in reports[case, callers]]


def speed_table(reports):
    rows = [("client", "callers", "pairs/s", "of C++")]
    for case, n in reports:
        rows.append((case, f"{n:,}", figures.show(pairs(reports, case, n)),
                     figures.show(figures.ratios(pairs(reports, case, n), pairs(reports, "cpp", n)), 2)))
    return figures.table(rows)


def targets(reports):
    most = max(n for _, n in reports)
    go = [Target(f"Go over C++, {n} callers", "≥", 0.6, figures.ratios(pairs(reports, "go-calls", n), pairs(reports, "cpp", n)))
          for n in sorted({n for _, n in reports})]
    return [*go, asyncio_target(pairs(reports, "python-aio", most), pairs(reports, "bare-aio", most), most)]


def asyncio_target(ours, bare, callers):
    """Fast enough, or nearly as fast as calls without any library: in each round the nearer of the two counts."""
    nearer = [max(our / 4000, ratio / 0.9) for our, ratio in zip(ours, figures.ratios(ours, bare), strict=True)]
    return Target(f"asyncio, {callers} callers: of 4,000 pairs/s, or of 0.9 of two bare calls", "≥", 1, nearer)


def main(given=None):
    options = parse_arguments(given)
    reports = {(case, n): [] for n in options.callers for case in CASES}

    def results():
        cases = [{"client": case, "callers": n, "rounds": of_rounds} for (case, n), of_rounds in reports.items()]
        return {"machine": about, "cases": cases}

    with runs.workspace(options) as workspace:
        about = machine.facts(workspace)
        print(machine.describe(about), flush=True)
        with runs.salvaging("clients", results):
            measure(options, workspace, reports)
    found = targets(reports)
    print("", speed_table(reports), "", figures.target_table(found), sep="\n")
    print("\nwritten to", *runs.write("clients", results() | {"targets": [target.to_json() for target in found]}))
    return figures.exit_code(options, found)
