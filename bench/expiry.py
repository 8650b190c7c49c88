"""./dev bench expiry: a steady state in which as many keys expire as arrive, next to the same load without expiry.

Two servers: one forgets its keys seconds after they are completed and gives their space back, the other keeps them. Both are loaded
in turn, a few seconds each, while the other stands still (SIGSTOP), so that each pays for its own compactions. The time before
the steady state does not count. What expires leaves the disk about a minute later, when compaction passes by.
"""

import argparse
import statistics
import time

from harness import figures, line_chart, machine, processes, runs, sampling
from harness.figures import Target
from peers.semel import Semel

SAMPLE_S = 1
CONFIG = """\
default_policy:
  result_retention: {retention}s
  key_retention: {retention}s
storage:
  reclaim_interval: 1m
"""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench expiry", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    runs.declare(parser, rounds=40, seconds=4.0)
    parser.add_argument("--settle", type=float, default=150,
                        help="seconds from the start until the steady state, which do not count (default 150)")
    parser.add_argument("--retention", type=int, default=5, help="seconds that a key is remembered (default 5)")
    parser.add_argument("--service", default="semel-unary", help="how Semel is asked (default semel-unary)")
    parser.add_argument("--in-flight", type=int, default=64, help="operations in flight (default 64)")
    return parser.parse_args(arguments)


def start(options, folder, *flags):
    folder.mkdir()
    return processes.stopping(Semel(options, folder, flags))


def measure(options, folder):
    """{name: [{"begun": seconds since the start, "load": report}]} of each round, and samples of the disks."""
    config = folder / "expiring.yaml"
    config.write_text(CONFIG.format(retention=options.retention))
    with (start(options, folder / "keeping") as keeping, start(options, folder / "expiring", "--config", config) as expiring):
        servers = {"keeping": keeping, "expiring": expiring}
        for server in servers.values():
            server.pause()
        looks = {name: lambda name=name: machine.disk_bytes(folder / name / "semel") / 1e6 for name in servers}
        rounds, begun = {name: [] for name in servers}, time.monotonic()
        with sampling.sampling(looks, SAMPLE_S) as disk:
            for number in range(1, options.rounds + 1):
                runs.progress(f"round {number} of {options.rounds}")
                for name, server in servers.items():
                    server.resume()
                    at = time.monotonic() - begun
                    retention = ["--retention", options.retention] if name == "expiring" else []
                    load = runs.load(options, server, options.service, options.in_flight, *retention)
                    rounds[name].append({"begun": at, "load": load})
                    server.pause()
    return rounds, disk


def steady(options, rounds):
    """The reports of the rounds that began in the steady state, of keeping and expiring side by side."""
    pairs = [(kept["load"], expired["load"]) for kept, expired in zip(rounds["keeping"], rounds["expiring"])
             if kept["begun"] >= options.settle]
    if len(pairs) < 3:
        raise SystemExit(f"only {len(pairs)} rounds began after --settle {options.settle:g} s: more --rounds")
    return [list(side) for side in zip(*pairs)]


def p99(report):
    return max(call["p99"] for call in report["latency_ms"].values())


def speed_table(sides):
    rows = [("in the steady state", "rounds", "pairs/s", "p99 ms", "server CPU us/pair")]
    rows += [(name, f"{len(reports)}", figures.show([r["pairs_per_s"] for r in reports]), figures.show([p99(r) for r in reports], 2),
              f"{statistics.median(r['server_cpu_us'] for r in reports):.1f}") for name, reports in sides.items()]
    return figures.table(rows)


def disk_table(options, disk):
    """The slope that the expiring server's disk has in the steady state, as a share of that of the keeping one."""
    rows, slopes = [("disk in the steady state", "at its begin, MB", "smallest", "largest", "slope, MB a minute")], {}
    for name in ("keeping", "expiring"):
        series = [(at, megabytes) for at, megabytes in disk.series(name) if at >= options.settle]
        sizes = [megabytes for _, megabytes in series]
        slopes[name] = sampling.slope(series) * 60
        rows.append((name, f"{sizes[0]:,.0f}", f"{min(sizes):,.0f}", f"{max(sizes):,.0f}", f"{slopes[name]:+,.1f}"))
    return figures.table(rows), slopes["expiring"] / slopes["keeping"]


def main(arguments=None):
    options = parse_arguments(arguments)
    with runs.workspace(options) as folder:
        about = machine.facts(folder)
        print(machine.describe(about), flush=True)
        rounds, disk = measure(options, folder)
    keeping, expiring = steady(options, rounds)
    disks, growth = disk_table(options, disk)
    targets = [
        Target("throughput with expiry over without", "≥", 0.85,
               figures.ratios([r["pairs_per_s"] for r in expiring], [r["pairs_per_s"] for r in keeping])),
        Target("p99 with expiry over without", "≤", 1.5, figures.ratios(map(p99, expiring), map(p99, keeping))),
        Target("slope of the disk, with expiry over without", "≤", 0.1, [growth]),
    ]
    print("", speed_table({"keeping": keeping, "expiring": expiring}), "", disks, "", figures.target_table(targets), sep="\n")
    chart = line_chart.svg("Disk while keys arrive and expire", "seconds", "MB", {name: disk.series(name) for name in rounds})
    print("\nwritten to", *runs.write("expiry", {"machine": about, "settle": options.settle, "rounds": rounds, "disk": disk.to_json(),
                                                "targets": [target.to_json() for target in targets]}, [("disk", chart)]))
    return int(options.check and not all(target.met() for target in targets))
