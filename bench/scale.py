"""./dev bench scale: what growth costs: throughput, p99, memory, disk, write amplification, and a restart after kill -9.

For each size a server is filled with completed keys. Then all of them are loaded in turn, while the others stand still (SIGSTOP):
what disturbs the machine for a while disturbs every size. In the end each is killed and started again, three times.
"""

import argparse
import contextlib
import statistics
import time

from harness import figures, line_chart, machine, processes, runs, sampling
from harness.figures import Target
from peers.postgresql import PostgreSql
from peers.redis import Redis
from peers.semel import Semel

BATCH = ("--keys-per-call", 64)


class Peer:
    """A server, how it is filled, and how it is loaded afterwards: (service, in flight, more), the first with one key to a call."""

    def __init__(self, start, fill, *loads):
        self.start, self.fill, self.loads = start, fill, loads


PEERS = {
    "semel": Peer(Semel, ("semel-unary", 1024, *BATCH), ("semel-unary", 64), ("semel-stream", 256)),
    "redis": Peer(Redis, ("redis", 1024, *BATCH), ("redis", 64), ("redis", 256)),
    "postgresql": Peer(PostgreSql, ("postgresql", 1024, *BATCH), ("postgresql", 64), ("postgresql", 256, *BATCH)),
}

USER_BYTES = 5 + 36 + 32 + 200  # namespace, key, fingerprint, result
RESTARTS = 3
MOST_REST_S = 120
MB = 1e6


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    runs.declare(parser, rounds=5, seconds=4.0)
    parser.add_argument("--keys", type=lambda text: [int(float(n)) for n in text.split(",")], default=[1_000_000, 10_000_000],
                        help="sizes, for example 1e6,1e7,5e7 (default 1e6,1e7)")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=["semel"],
                        help=f"some of {', '.join(PEERS)} (default semel)")
    return parser.parse_args(arguments)


class Filled:
    """One server with so many keys, and all that was found out about it."""

    def __init__(self, options, workspace, peer, keys):
        self.options, self.peer, self.keys = options, peer, keys
        self.folder = workspace / f"{peer}-{keys}"
        self.folder.mkdir()
        self.found = {"peer": peer, "keys": keys, "loads": {}, "restart_s": []}
        self.server = self.start()

    def start(self):
        return PEERS[self.peer].start(self.options, self.folder)

    def memory_mb(self):
        return processes.memory_bytes(self.server.pid) / MB

    def disk_mb(self):
        return machine.disk_bytes(self.folder) / MB

    def fill(self):
        runs.progress(f"{self.peer}: filling {self.keys:,} keys")
        empty_mb = self.memory_mb()
        service, in_flight, *more = PEERS[self.peer].fill
        with sampling.sampling({"disk_mb": self.disk_mb}, 1) as samples:
            load = runs.load(self.options, self.server, service, in_flight, *more, "--pairs", self.keys)
            rested_s = self.rest()
        self.keys = load["all_pairs"]
        self.found |= {"keys": self.keys, "fill": load, "rested_s": rested_s, "empty_mb": empty_mb, "filled_mb": self.memory_mb(),
                       "disk_mb": self.disk_mb(), "peak_disk_mb": samples.peak("disk_mb")}
        self.found |= self.insides()
        self.server.pause()

    def rest(self):
        """Until it has tidied up behind the fill: the loads that follow pay for their own keys."""
        begun = time.monotonic()
        busy = True
        while busy and time.monotonic() - begun < MOST_REST_S:
            before = processes.cpu_seconds(self.server.pid)
            time.sleep(1)
            busy = processes.cpu_seconds(self.server.pid) - before > 0.1
        return time.monotonic() - begun

    def load(self):
        self.server.resume()
        for service, in_flight, *more in PEERS[self.peer].loads:
            report = runs.load(self.options, self.server, service, in_flight, *more)
            self.found["loads"].setdefault(", ".join(map(str, [service, in_flight, *more])), []).append(report)
        self.server.pause()

    def insides(self):
        """What only Semel tells of itself."""
        if self.peer != "semel":
            return {}
        metrics, written = self.server.metrics(), processes.written_bytes(self.server.pid)
        caches = metrics["semel_rocksdb_block_cache_bytes"] + metrics["semel_rocksdb_memtable_bytes"]
        return {"caches_mb": caches / MB, "block_cache_mb": metrics["semel_rocksdb_block_cache_capacity_bytes"] / MB,
                "log_mb": metrics["semel_rocksdb_wal_written_bytes_total"] / MB, "written_mb": written / MB,
                "write_amplification": written / (self.keys * USER_BYTES)}

    def look(self):
        """After the loads, which is when memory is compared: all sizes have done the same since they were filled."""
        self.server.resume()
        self.found["memory_mb"] = self.memory_mb()
        self.found |= {f"{name}_in_the_end": value for name, value in self.insides().items() if name == "caches_mb"}

    def restart(self):
        """From the start of the process until a Begin and a Complete were answered."""
        self.server.kill()
        started = time.monotonic()
        self.server = self.start()
        runs.load(self.options, self.server, PEERS[self.peer].loads[0][0], 1, "--pairs", 1)
        self.found["restart_s"].append(time.monotonic() - started)
        self.found["memory_after_restart_mb"] = self.memory_mb()


def measure(options, workspace):
    """[Filled]: every peer at every size, in turn where they are loaded."""
    with contextlib.ExitStack() as stack:
        all_filled = []
        for peer in options.peers:
            for keys in options.keys:
                filled = Filled(options, workspace, peer, keys)
                stack.callback(lambda filled=filled: filled.server.stop())  # whichever it is by then
                filled.fill()
                all_filled.append(filled)
        for number in range(1, options.rounds + 1):
            runs.progress(f"round {number} of {options.rounds}")
            for filled in all_filled:
                filled.load()
        for filled in all_filled:
            filled.look()
            for number in range(1, RESTARTS + 1):
                runs.progress(f"{filled.peer}, {filled.keys:,} keys: restart {number} of {RESTARTS} after kill -9")
                filled.restart()
            filled.server.stop()
        return [filled.found for filled in all_filled]


def p99(report):
    return max(call["p99"] for call in report["latency_ms"].values())


def title(found):
    return f"{found['peer']}, {found['keys']:,} keys"


def size_table(all_found):
    rows = [("", "filled, pairs/s", "then busy s", "memory MB", "disk MB", "disk B/key", "largest", "written B/key", "write ampl.", "restart s")]
    for found in all_found:
        per_key = MB / found["keys"]
        rows.append((title(found), f"{found['fill']['pairs_per_s']:,.0f}", f"{found['rested_s']:.0f}", f"{found['memory_mb']:,.0f}", f"{found['disk_mb']:,.0f}",
                     f"{found['disk_mb'] * per_key:,.0f}", f"{found['peak_disk_mb'] * per_key:,.0f}",
                     *((f"{found['written_mb'] * per_key:,.0f}", f"{found['write_amplification']:.1f}") if "written_mb" in found else ("", "")),
                     figures.show(found["restart_s"], 2)))
    return figures.table(rows)


def load_table(all_found):
    rows = [("loaded afterwards", "by, in flight", "pairs/s", "p50 ms", "p99 ms", "server CPU us/pair")]
    for found in all_found:
        for how, reports in found["loads"].items():
            rows.append((title(found), how, figures.show([r["pairs_per_s"] for r in reports]),
                         figures.show([max(c["p50"] for c in r["latency_ms"].values()) for r in reports], 2),
                         figures.show(list(map(p99, reports)), 2), f"{statistics.median(r['server_cpu_us'] for r in reports):.1f}"))
    return figures.table(rows)


def targets(all_found):
    """Of Semel: what the largest size costs against the smallest."""
    ours = sorted((found for found in all_found if found["peer"] == "semel"), key=lambda found: found["keys"])
    if not ours:
        return []
    small, large = ours[0], ours[-1]
    size, made = f"{large['keys']:,} keys", []
    if small is not large:
        against = f"{size} against {small['keys']:,}"
        for how in large["loads"]:
            ratios = figures.ratios(*([r["pairs_per_s"] for r in found["loads"][how]] for found in (large, small)))
            made.append(Target(f"throughput, {against}, {how} in flight", "≥", 0.85, ratios))
        made.append(Target(f"memory less the block cache's setting, {against}", "≤", 1.2,
                           [(large["memory_mb"] - large["block_cache_mb"]) / small["memory_mb"]]))
    beyond = large["memory_mb"] - large["caches_mb_in_the_end"] - large["empty_mb"]
    return made + [Target(f"memory beyond the caches, B/key, {size}", "≤", 40, [max(0, beyond) * MB / large["keys"]], 1),
                   Target(f"disk, B/key, {size}", "≤", 320, [large["disk_mb"] * MB / large["keys"]], 0),
                   Target(f"restart after kill -9, s, {size}", "≤", 1.0, large["restart_s"])]


def charts(all_found):
    def lines(figure):
        by_peer = {}
        for found in sorted(all_found, key=lambda found: found["keys"]):
            by_peer.setdefault(found["peer"], []).append((found["keys"] / 1e6, figure(found)))
        return by_peer

    return [(name, line_chart.svg(title, "million keys", unit, lines(figure))) for name, title, unit, figure in (
        ("memory", "Server memory", "MB", lambda found: found["memory_mb"]),
        ("disk", "Disk", "MB", lambda found: found["disk_mb"]),
        ("restart", "Serving after kill -9", "seconds", lambda found: statistics.median(found["restart_s"])))]


def main(arguments=None):
    options = parse_arguments(arguments)
    with runs.workspace(options) as workspace:
        about = machine.facts(workspace)
        print(machine.describe(about), flush=True)
        all_found = measure(options, workspace)
    found_targets = targets(all_found)
    print("", size_table(all_found), "", load_table(all_found), "", figures.target_table(found_targets), sep="\n")
    results = {"machine": about, "sizes": all_found, "targets": [target.to_json() for target in found_targets]}
    print("\nwritten to", *runs.write("scale", results, charts(all_found)))
    return int(options.check and not all(target.met() for target in found_targets))
