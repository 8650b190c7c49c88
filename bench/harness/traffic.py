"""A run of real traffic (bench/traffic/), and what its reports look like to people."""

import json
import statistics
import subprocess

from harness import figures


def run(options, server, in_flight, seconds, window, *more):
    """Any failed or wrong answer ends the bench."""
    command = [options.build / "bench/traffic/semel_bench_traffic", "--target", server.address, "--in-flight", in_flight,
               "--warm-up", options.warm_up, "--seconds", seconds, "--window", window, "--server-pid", server.pid, *more]
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        raise SystemExit(f"traffic: {ended.stdout}{ended.stderr}\nserver log:\n{server.tail()}")
    return json.loads(ended.stdout)


def latency_table(reports):
    """By kind of call, over the rounds."""
    rows = [("call", "count", "p50 ms", "p99 ms", "p99.9 ms")]
    for kind in sorted({kind for report in reports for kind in report["latency_ms"]}):
        calls = [report["latency_ms"][kind] for report in reports if kind in report["latency_ms"]]
        rows.append((kind, f"{statistics.median(call['count'] for call in calls):,.0f}",
                     *(figures.show([figures.quantile(call, quantile) for call in calls], 2) for quantile in ("p50", "p99", "p99.9"))))
    return figures.table(rows)


def check_table(reports):
    rows = [("held against what it had to be", "answers", "wrong")]
    for what in sorted({what for report in reports for what in report["checked"]}):
        rows.append((what, f"{sum(report['checked'].get(what, 0) for report in reports):,}", "0"))
    return figures.table(rows)
