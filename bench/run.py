#!/usr/bin/env python3
"""./dev bench: how fast semeld is, next to a bare gRPC echo server measured in turn, and what a million keys cost.

Every write is fsynced. Starts its own servers, on free ports and its own data directories, and stops them, also on Ctrl-C.
Prints tables; writes everything it saw to bench/results/*.json. How to read it: bench/README.md.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import processes
import report

ROOT = pathlib.Path(__file__).resolve().parents[1]
BATCH_IN_FLIGHT = 16
RESTARTS = 3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that everything is measured in turn (default 5)")
    parser.add_argument("--seconds", type=float, default=3, help="measured seconds of each run (default 3)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before them (default 0.5)")
    parser.add_argument("--in-flight", type=lambda text: [int(n) for n in text.split(",")], default=[1, 64, 256],
                        help="calls in flight, for echo and unary (default 1,64,256)")
    parser.add_argument("--channels", type=int, default=1, help="connections that they share (default 1)")
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys of the second part; 0: skip it (default 1000000)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where the binaries are")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build/bench-data",
                        help="where data directories are made, and removed; must be a real disk")
    parser.add_argument("--semeld-flag", action="append", default=[], metavar="FLAG", help="handed to semeld, may be repeated")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    return parser.parse_args()


class Bench:
    def __init__(self, options, workspace):
        self.options = options
        self.workspace = pathlib.Path(workspace)

    def semeld(self, name):
        command = [self.options.build / "server/semeld", "--data-dir", self.workspace / name, "--listen", "127.0.0.1:0",
                   "--admin-listen", "127.0.0.1:0", *self.options.semeld_flag]
        return processes.running(command, self.workspace / f"{name}.log")

    def echo(self):
        return processes.running([self.options.build / "bench/semel_bench_echo"], self.workspace / "echo.log")

    def load(self, server, mode, in_flight, *more):
        """One run of the load generator; any failed or wrong answer ends the bench."""
        command = [self.options.build / "bench/semel_bench_load", "--target", server.address, "--mode", mode,
                   "--in-flight", in_flight, "--channels", min(in_flight, self.options.channels),
                   "--warm-up", self.options.warm_up, "--seconds", self.options.seconds, "--server-pid", server.pid, *more]
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if run.returncode != 0:
            raise SystemExit(f"{mode}, {in_flight} in flight: {run.stdout}{run.stderr}\nserver log:\n{server.tail()}")
        return json.loads(run.stdout)

    def measure_speed(self):
        """Rounds of A B A B: what disturbs the machine disturbs all of them. {(mode, in flight): [report of each round]}"""
        plan = [(mode, n) for n in self.options.in_flight for mode in ("echo", "unary")] + [("batch", BATCH_IN_FLIGHT)]
        runs = {step: [] for step in plan}
        with self.semeld("speed") as semeld, self.echo() as echo:
            for number in range(1, self.options.rounds + 1):
                for mode, in_flight in plan:
                    progress(f"round {number} of {self.options.rounds}: {mode}, {in_flight} in flight")
                    runs[mode, in_flight].append(self.load(echo if mode == "echo" else semeld, mode, in_flight))
        return dict(sorted(runs.items(), key=lambda item: ("echo unary batch".split().index(item[0][0]), item[0][1])))

    def measure_fill(self):
        """What a million completed keys cost in memory, on disk, and at a restart after kill -9."""
        progress(f"filling {self.options.keys:,} keys")
        with self.semeld("fill") as server:
            with peak_disk(self.workspace / "fill") as peak:
                load = self.load(server, "batch", BATCH_IN_FLIGHT, "--pairs", self.options.keys)
            fill = {
                "keys": load["pairs"],
                "load": load,
                "rss_mb": server.status_kib("VmRSS") * 1024 / 1e6,
                "peak_rss_mb": server.status_kib("VmHWM") * 1024 / 1e6,
                "disk_bytes_per_key": disk_bytes(self.workspace / "fill") / load["pairs"],
                "peak_disk_bytes_per_key": peak[0] / load["pairs"],
                "restart_s": [],
            }
            server.kill()
        for number in range(1, RESTARTS + 1):
            progress(f"restart {number} of {RESTARTS} after kill -9")
            started = time.monotonic()
            with self.semeld("fill") as server:
                self.load(server, "unary", 1, "--pairs", 1)
                fill["restart_s"].append(time.monotonic() - started)
                fill["rss_after_restart_mb"] = server.status_kib("VmRSS") * 1024 / 1e6
                server.kill()
        return fill


def disk_bytes(folder):
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # compaction removes files
                total += os.stat(os.path.join(parent, name)).st_blocks * 512
    return total


@contextlib.contextmanager
def peak_disk(folder):
    """Yields a list of one figure: the most that the folder held, looked at ten times a second."""
    peak, over = [0], threading.Event()

    def watch():
        while not over.wait(0.1):
            peak[0] = max(peak[0], disk_bytes(folder))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
        peak[0] = max(peak[0], disk_bytes(folder))


def fdatasync_ms(folder, times=200):
    """Median of one 4 KB append + fdatasync: what no acknowledged write on this disk can go below."""
    samples = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            started = time.monotonic()
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            samples.append((time.monotonic() - started) * 1000)
    return sorted(samples)[times // 2]


def machine(folder):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"commit": commit.stdout.strip(), "cpus": os.cpu_count(), "kernel": platform.release(),
            "load_average": os.getloadavg()[0], "fdatasync_ms": fdatasync_ms(folder)}


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def write_results(results):
    folder = ROOT / "bench/results"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / datetime.datetime.now().strftime("%Y%m%d-%H%M%S.json")
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path.relative_to(ROOT)


def main():
    options = parse_arguments()
    processes.stop_on_sigterm()
    options.data.mkdir(parents=True, exist_ok=True)
    workspace = tempfile.mkdtemp(prefix="run-", dir=options.data)
    try:
        bench = Bench(options, workspace)
        about = machine(workspace)
        print("{cpus} CPUs, load average {load_average:.2f}, 4 KB append + fdatasync {fdatasync_ms:.2f} ms".format(**about))
        runs = bench.measure_speed()
        found = report.ratios(runs)
        print("", report.throughput_table(runs), "", report.latency_table(runs), sep="\n", flush=True)
        fill = bench.measure_fill() if options.keys else None
        if fill:
            print("", report.fill_table(fill), sep="\n")
            found |= {"server memory (MB)": [fill["rss_mb"]], "restart after kill -9 (s)": fill["restart_s"]}
        print("", report.target_table(found), sep="\n")
        speed = [{"mode": mode, "in_flight": n, "rounds": reports} for (mode, n), reports in runs.items()]
        print("\nwritten to", write_results({"machine": about, "speed": speed, "fill": fill, "targets": found}))
        missed = [name for name, values in found.items() if not report.met(name, values)]
        sys.exit(1 if options.check and missed else 0)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


if __name__ == "__main__":
    main()
