"""./dev bench expiry: a steady state in which as many keys expire as arrive, next to the same load without expiry.

Two servers: one forgets its keys seconds after they are completed and gives their space back, the other keeps them. Both are loaded
in turn, a few seconds each, while the other stands still (SIGSTOP), so that each pays for its own compactions. The time before
the steady state does not count. What expires may be reclaimed a minute later, and leaves the disk when a compaction of its file is due,
within another minute.
"""

import argparse
import os
import statistics
import time

from harness import arguments, charts, figures, machine, processes, runs, sampling
from harness.figures import Target
from peers.semel import Semel

SAMPLE_S = 1
LEAST_ROUNDS = 3
LEAST_STEADY_S = 10  # looks at the disk, of which some must lie in the steady state
LEAST_SAMPLES = 3
GROWS = """The server that keeps its keys grows meanwhile, and its compactions with it: it is what the same load costs without expiry by
then, not at a size that stays the same."""
CONFIG = """\
default_policy:
  result_retention: {retention}s
  key_retention: {retention}s
storage:
  reclaim_interval: 1m
"""


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench expiry", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser, rounds=40, seconds=4.0)
    parser.add_argument("--settle", type=arguments.amount(0), default=150,
                        help="seconds from the start until the steady state, which do not count (default 150)")
    parser.add_argument("--retention", type=arguments.whole(1, 31_536_000), default=5, help="seconds that a key is remembered (default 5)")
    parser.add_argument("--service", choices=["semel-unary", "semel-stream", "semel-client"], default="semel-unary", help="how Semel is asked (default semel-unary)")
    parser.add_argument("--in-flight", type=arguments.whole(1, arguments.MOST_IN_FLIGHT), default=64, help="operations in flight (default 64)")
    options = parser.parse_args(given)
    if options.retention < options.warm_up + options.seconds:
        parser.error(f"--retention {options.retention} is shorter than a turn ({options.warm_up:g} + {options.seconds:g} s): keys that go "
                     "in the turn in which they came are no steady state")
    a_round = 2 * (options.warm_up + options.seconds)
    least = max(LEAST_ROUNDS * a_round, LEAST_STEADY_S)
    if options.rounds * a_round < options.settle + least:
        parser.error(f"all turns together take {options.rounds * a_round:g} s, and must go on for {least:g} s after --settle "
                     f"{options.settle:g} s: more --rounds")
    return options


def start(options, folder, *flags):
    folder.mkdir()
    return processes.stopping(Semel(options, folder, flags))


def measure(options, folder, rounds, disk):
    """Fills {name: [{"begun": seconds since the start, "load": report}]} of each round, and samples of the disks."""
    config = folder / "expiring.yaml"
    config.write_text(CONFIG.format(retention=options.retention))
    with (start(options, folder / "keeping") as keeping, start(options, folder / "expiring", "--config", config) as expiring):
        servers = {"keeping": keeping, "expiring": expiring}
        for server in servers.values():
            server.pause()
        looks = {name: lambda name=name: machine.disk_bytes(folder / name / "semel") / 1e6 for name in servers}
        begun = time.monotonic()
        with disk.taken(looks, SAMPLE_S):
            for number in range(1, options.rounds + 1):
                runs.progress(f"round {number} of {options.rounds}")
                for name, server in servers.items():
                    os.sync()  # what the other left to the kernel to write is not for this one to wait for
                    server.resume()
                    at = time.monotonic() - begun
                    retention = ["--retention", options.retention] if name == "expiring" else []
                    load = runs.load(options, server, options.service, options.in_flight, *retention)
                    rounds[name].append({"begun": at, "load": load})
                    server.pause()


def steady(options, rounds):
    """The reports of the rounds that began in the steady state, of keeping and expiring side by side."""
    pairs = [(kept["load"], expired["load"]) for kept, expired in zip(rounds["keeping"], rounds["expiring"])
             if kept["begun"] >= options.settle]
    if len(pairs) < LEAST_ROUNDS:
        raise processes.Failed(f"only {len(pairs)} rounds began after --settle {options.settle:g} s: more --rounds")
    return [list(side) for side in zip(*pairs)]


def pairs_per_s(reports):
    """All pairs over all the time: a turn that stood still for a compaction counts as it was, where a median would leave it out."""
    return sum(r["pairs"] for r in reports) / sum(r["seconds"] for r in reports)


def stored_pairs(turns):
    """Since the start, warm-ups included."""
    return sum(turn["load"]["all_pairs"] for turn in turns)


def p99s(reports):
    return [figures.slower(report, "p99") for report in reports]


def mean_p99(reports):
    """The mean, not the median, for the same reason. None: of some turn too few calls tell."""
    found = p99s(reports)
    return None if None in found else statistics.fmean(found)


def p99_ratio(expiring, keeping):
    ours, theirs = mean_p99(expiring), mean_p99(keeping)
    return None if None in (ours, theirs) else ours / theirs


def speed_table(sides):
    rows = [("in the steady state", "turns", "pairs/s of all turns", "of a turn", "p99 ms, mean", "of a turn", "server CPU us/pair")]
    rows += [(name, f"{len(reports)}", f"{pairs_per_s(reports):,.0f}", figures.show([r["pairs_per_s"] for r in reports]),
              "-" if mean_p99(reports) is None else f"{mean_p99(reports):.2f}", figures.show(p99s(reports), 2),
              f"{statistics.fmean(r['server_cpu_us'] for r in reports):.1f}") for name, reports in sides.items()]
    return figures.table(rows)


def disk_table(options, rounds, disk):
    """The slope that the expiring server's disk has in the steady state, as a share of that of the keeping one; and what shows that
    expired keys are gone: the disk in the end, by the pairs that were ever stored."""
    rows, slopes = [("disk in the steady state", "at its begin, MB", "smallest", "largest", "slope, MB a minute", "pairs ever stored",
                     "B of disk for each")], {}
    for name in ("keeping", "expiring"):
        series = [(at, megabytes) for at, megabytes in disk.series(name) if at >= options.settle]
        if len(series) < LEAST_SAMPLES:
            raise processes.Failed(f"the disk was looked at only {len(series)} times after --settle {options.settle:g} s: more --rounds")
        sizes = [megabytes for _, megabytes in series]
        slopes[name] = sampling.slope(series) * 60
        rows.append((name, f"{sizes[0]:,.0f}", f"{min(sizes):,.0f}", f"{max(sizes):,.0f}", f"{slopes[name]:+,.1f}",
                     f"{stored_pairs(rounds[name]):,}", f"{sizes[-1] * 1e6 / stored_pairs(rounds[name]):,.0f}"))
    if slopes["keeping"] <= 0:
        raise processes.Failed("the disk of the server that keeps its keys did not grow in the steady state: more --rounds or --seconds")
    return figures.table(rows) + "\n" + GROWS, slopes["expiring"] / slopes["keeping"]


def main(given=None):
    options = parse_arguments(given)
    rounds, disk = {"keeping": [], "expiring": []}, sampling.Samples()

    def results():
        return {"machine": about, "settle": options.settle, "rounds": rounds, "disk": disk.to_json()}

    with runs.workspace(options) as folder:
        about = machine.facts(folder)
        print(machine.describe(about), flush=True)
        with runs.salvaging("expiry", results):
            measure(options, folder, rounds, disk)
            keeping, expiring = steady(options, rounds)
    disks, growth = disk_table(options, rounds, disk)
    targets = [
        Target("throughput with expiry over without, of all turns", "≥", 0.85, [pairs_per_s(expiring) / pairs_per_s(keeping)]),
        Target("p99 with expiry over without, mean of all turns", "≤", 1.5, [p99_ratio(expiring, keeping)]),
        Target("slope of the disk, with expiry over without", "≤", 0.1, [growth]),
    ]
    print("", speed_table({"keeping": keeping, "expiring": expiring}), "", disks, "", figures.target_table(targets), sep="\n")
    chart = charts.lines("Disk while keys arrive and expire", "seconds", "MB", {name: disk.series(name) for name in rounds})
    print("\nwritten to", *runs.write("expiry", results() | {"targets": [target.to_json() for target in targets]}, [("disk", chart)]))
    return figures.exit_code(options, targets)
