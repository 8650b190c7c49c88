"""./dev bench scale: what a million completed keys cost in memory, on disk, and at a restart after kill -9."""

import argparse
import contextlib
import threading
import time

from harness import figures, machine, processes, runs
from peers.semel import Semel

IN_FLIGHT = 1024
RESTARTS = 3


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    runs.declare(parser)
    parser.add_argument("--keys", type=int, default=1_000_000, help="how many (default 1000000)")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def peak_disk(folder):
    """Yields a list of one figure: the most that the folder held, looked at ten times a second."""
    peak, over = [0], threading.Event()

    def watch():
        while not over.wait(0.1):
            peak[0] = max(peak[0], machine.disk_bytes(folder))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
        peak[0] = max(peak[0], machine.disk_bytes(folder))


def measure(options, folder):
    runs.progress(f"filling {options.keys:,} keys")
    with processes.stopping(Semel(options, folder)) as server:
        with peak_disk(folder / "semel") as peak:
            load = runs.load(options, server, "semel-unary", IN_FLIGHT, "--keys-per-call", 64, "--pairs", options.keys)
        fill = {
            "keys": load["pairs"],
            "load": load,
            "rss_mb": server.status_kib("VmRSS") * 1024 / 1e6,
            "peak_rss_mb": server.status_kib("VmHWM") * 1024 / 1e6,
            "disk_bytes_per_key": machine.disk_bytes(folder / "semel") / load["pairs"],
            "peak_disk_bytes_per_key": peak[0] / load["pairs"],
            "restart_s": [],
        }
        server.kill()
    for number in range(1, RESTARTS + 1):
        runs.progress(f"restart {number} of {RESTARTS} after kill -9")
        started = time.monotonic()
        with processes.stopping(Semel(options, folder)) as server:
            runs.load(options, server, "semel-unary", 1, "--pairs", 1)
            fill["restart_s"].append(time.monotonic() - started)
            fill["rss_after_restart_mb"] = server.status_kib("VmRSS") * 1024 / 1e6
            server.kill()
    return fill


def fill_table(fill):
    return figures.table([
        ("at {:,} completed keys".format(fill["keys"]), ""),
        ("filled by batches of 64, pairs/s", f"{fill['load']['pairs_per_s']:,.0f}"),
        ("server memory (RSS; peak), MB", f"{fill['rss_mb']:.0f}; {fill['peak_rss_mb']:.0f}"),
        ("disk per key, bytes (largest while filling)",
         f"{fill['disk_bytes_per_key']:.0f} ({fill['peak_disk_bytes_per_key']:.0f})"),
        ("restart after kill -9: serving after, s", figures.show(fill["restart_s"], 2)),
        ("server memory after it, MB", f"{fill['rss_after_restart_mb']:.0f}"),
    ])


def main(arguments=None):
    options = parse_arguments(arguments)
    with runs.workspace(options) as folder:
        about = machine.facts(folder)
        print(machine.describe(about), flush=True)
        fill = measure(options, folder)
    targets = [figures.Target("server memory (MB)", "≤", 300, [fill["rss_mb"]]),
               figures.Target("restart after kill -9 (s)", "≤", 1.0, fill["restart_s"])]
    print("", fill_table(fill), "", figures.target_table(targets), sep="\n")
    print("\nwritten to", *runs.write("scale", {"machine": about, "fill": fill, "targets": [t.to_json() for t in targets]}))
    return int(options.check and not all(target.met() for target in targets))
