"""./dev bench soak: real traffic (that of ./dev bench mix) for ten minutes: memory must stay flat, and p99 must not grow."""

import argparse
import statistics

from harness import arguments, charts, figures, machine, processes, runs, sampling, traffic
from harness.figures import Target
from peers.semel import Semel

SAMPLE_S = 1
LEAST_WINDOWS = 6  # two in each third


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench soak", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser, rounds=1)
    parser.add_argument("--minutes", type=arguments.amount(0, arguments.LONGEST_S // 60), default=10, help="how long (default 10)")
    parser.add_argument("--window", type=arguments.amount(0.1), default=5, help="seconds of each window of the figures (default 5)")
    parser.add_argument("--in-flight", type=arguments.whole(1, arguments.MOST_IN_FLIGHT), default=64, help="callers side by side (default 64)")
    options = parser.parse_args(given)
    least = LEAST_WINDOWS * max(options.window, SAMPLE_S) / 60
    if options.minutes < least:
        parser.error(f"--minutes {options.minutes:g} cannot be told apart in thirds: with --window {options.window:g} it takes {least:g} or "
                     "more")
    return options


def measure(options, folder, samples):
    with processes.stopping(Semel(options, folder)) as server:
        looks = {"rss_mb": lambda: server.family.memory_bytes() / 1e6,
                 "disk_mb": lambda: machine.disk_bytes(folder / "semel") / 1e6}
        with samples.taken(looks, SAMPLE_S):
            return runs.traffic(options, server, options.in_flight, options.minutes * 60, options.window)


def thirds_table(report, samples):
    windows = traffic.windows
    rows = [("median of a third", "first", "second", "last")]
    for name, series, digits in (("rounds/s", windows(report, "rounds_per_s"), 0), ("p50 ms", windows(report, "p50"), 2),
                                 ("p99 ms", windows(report, "p99"), 2), ("p99.9 ms", windows(report, "p99.9"), 2),
                                 ("server memory (RSS), MB", samples.series("rss_mb"), 0),
                                 ("disk, MB", samples.series("disk_mb"), 0)):
        rows.append((name, *(f"{statistics.median(sampling.third(series, n)):,.{digits}f}" for n in range(3))))
    return figures.table(rows)


def targets(report, samples):
    p99, rss = traffic.windows(report, "p99"), samples.series("rss_mb")

    def growth(series, since):
        return statistics.median(sampling.third(series, 2)) / statistics.median(sampling.third(series, since))

    return [Target("p99, last third over first", "≤", 1.2, [growth(p99, 0)]),
            # In the first third the caches fill.
            Target("server memory, last third over second", "≤", 1.05, [growth(rss, 1)])]


def main(given=None):
    options = parse_arguments(given)
    samples = sampling.Samples()
    with runs.workspace(options) as folder:
        about = machine.facts(folder)
        print(machine.describe(about), flush=True)
        runs.progress(f"{options.minutes:g} minutes of traffic")
        with runs.salvaging("soak", lambda: {"machine": about, "samples": samples.to_json()}):
            report = measure(options, folder, samples)
    found = targets(report, samples)
    print("", thirds_table(report, samples), "", traffic.latency_table([report]), "", traffic.check_table([report]), "",
          figures.target_table(found), sep="\n")
    pictures = [("p99", charts.lines("Latency of every call", "seconds", "ms", {q: traffic.windows(report, q) for q in ("p50", "p99")})),
              ("memory", charts.lines("Server memory (RSS)", "seconds", "MB", {"RSS": samples.series("rss_mb")}))]
    print("\nwritten to", *runs.write("soak", {"machine": about, "report": report, "samples": samples.to_json(),
                                              "targets": [target.to_json() for target in found]}, pictures))
    return figures.exit_code(options, found)
