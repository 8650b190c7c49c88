"""./dev bench scale: what growth costs: throughput, p99, memory, disk, write amplification, and a restart after kill -9.

For each size a server is filled with completed keys. Then all sizes are loaded in turn, while the others stand still (SIGSTOP):
what disturbs the machine for a while disturbs every size. In the end each is loaded, killed and started again, three times. One peer
after the other goes through all of this; where one fails, the report says why, and the next one begins.
A fill ends early where disk, memory or time do: the keys that were reached are the size then, and the report says why. Redis and
PostgreSQL go beside Semel as far as they get.
"""

import argparse
import contextlib
import os
import shutil
import time

import comparison
import scale_report
from harness import arguments, figures, machine, processes, room, runs, sampling
from peers.postgresql import PostgreSql
from peers.redis import Redis
from peers.semel import Semel

CASES = {case.name: case for case in comparison.CASES}
MOST_TIDY_S = 600


def tidy_postgresql(server):
    for statement in ("VACUUM", "CHECKPOINT"):
        server.ask(statement, limit_s=MOST_TIDY_S)


def tidy_redis(server):
    """A rewrite of its log waits for the disk without taking processor time."""
    begun = time.monotonic()
    while "aof_rewrite_in_progress:0" not in server.ask("info", "persistence"):
        if time.monotonic() - begun > MOST_TIDY_S:
            raise processes.Failed(f"Redis still rewrites its log after {MOST_TIDY_S} s")
        time.sleep(1)


class Peer:
    """A server, how it is filled, and how it is loaded afterwards: (case of compare, in flight), the first with one key to a call; and
    what it is told to tidy up in between."""

    def __init__(self, start, fill, *loads, tidy=lambda server: None):
        self.start, self.fill, self.loads, self.tidy = start, fill, loads, tidy


PEERS = {
    "semel": Peer(Semel, ("semel-batch", 1024), ("semel-unary", 64), ("semel-stream", 256)),
    "redis": Peer(Redis, ("redis-batch", 1024), ("redis", 64), ("redis", 256), tidy=tidy_redis),
    "postgresql": Peer(PostgreSql, ("postgresql-batch", 1024), ("postgresql", 64), ("postgresql-batch", 256), tidy=tidy_postgresql),
}

USER_BYTES = 5 + 36 + 32 + 200  # namespace, key, fingerprint, result
FILL_STEP = 500_000  # keys, after which room and time are looked at
RESTARTS = 3
MOST_REST_S = 120
IDLE_CORES = 0.1
MB = 1e6


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser, rounds=5, seconds=4.0)
    parser.add_argument("--keys", type=arguments.counts(10**12), metavar="N,...", default=[1_000_000, 10_000_000],
                        help="sizes, for example 1e6,1e7,5e7 (default 1e6,1e7)")
    parser.add_argument("--fill-minutes", type=arguments.amount(0.000001, arguments.LONGEST_S // 60), default=10,
                        help="a fill ends then, with the keys that it reached (default 10)")
    parser.add_argument("--no-peers", dest="peers", action="store_const", const=["semel"], default=list(PEERS),
                        help="Semel alone, without " + " and ".join(name for name in PEERS if name != "semel"))
    return parser.parse_args(given)


class Filled:
    """One server that is to have so many keys, and all that was found out about it. Every load adds to the keys; `keys` counts them all."""

    def __init__(self, options, there, peer, wanted):
        self.options, self.there, self.peer, self.wanted, self.keys = options, there, peer, wanted, 0
        self.folder = there.folder / f"{peer}-{wanted}"
        self.folder.mkdir()
        self.found = {"peer": peer, "wanted": wanted, "loads": {}, "restart_s": [], "restart_keys": []}
        self.server = self.start()

    def start(self):
        return PEERS[self.peer].start(self.options, self.folder)

    def about(self):
        return {"version": self.server.version(), "durability": self.server.durability()}

    def memory_mb(self):
        return self.server.family.memory_bytes() / MB

    def disk_mb(self):
        return machine.disk_bytes(self.folder) / MB

    def lacking(self):
        return self.there.lacking(machine.disk_bytes(self.folder))

    def fill(self):
        """As far as it gets. Returns what ended it early; empty: nothing did."""
        runs.progress(f"{self.peer}: filling {self.wanted:,} keys")
        empty_mb = self.memory_mb()
        with sampling.Samples().taken({"disk_mb": self.disk_mb}, 1) as samples:
            seconds, ended_by = self.fill_in_steps()
            rested_s = self.rest()
        self.found |= {"keys": self.keys, "fill": {"seconds": seconds, "pairs_per_s": self.keys / seconds, "ended_by": ended_by},
                       "rested_s": rested_s, "empty_mb": empty_mb, "disk_mb": self.disk_mb(), "peak_disk_mb": samples.peak("disk_mb")}
        self.found |= self.written() | self.insides()
        self.server.pause()
        return ended_by

    def fill_in_steps(self):
        limit_s, begun, seconds = 60 * self.options.fill_minutes, time.monotonic(), 0
        while self.keys < self.wanted:
            step = self.generate(*PEERS[self.peer].fill, "--pairs", min(FILL_STEP, self.wanted - self.keys),
                                 limit_s=limit_s + runs.SLACK_S)
            self.keys += step["all_pairs"]
            seconds += step["seconds"]
            ended_by = self.lacking() or (time.monotonic() - begun >= limit_s and f"{self.options.fill_minutes:g} minutes were over")
            if ended_by and self.keys < self.wanted:
                return seconds, ended_by
        return seconds, ""

    def rest(self):
        """Until it has tidied up behind the fill: the loads that follow pay for their own keys."""
        begun = time.monotonic()
        PEERS[self.peer].tidy(self.server)
        tidied, busy = time.monotonic(), True
        while busy and time.monotonic() - tidied < MOST_REST_S:
            before = self.server.family.cpu_seconds()
            time.sleep(1)
            busy = self.server.family.cpu_seconds() - before > IDLE_CORES
        return time.monotonic() - begun

    def generate(self, case, in_flight, *more, limit_s=None):
        return runs.load(self.options, self.server, CASES[case].service, in_flight, *CASES[case].arguments, *more, limit_s=limit_s)

    def load(self, case, in_flight):
        if lacking := self.lacking():
            raise processes.Failed(f"no room for a load of {self.keys:,} keys and more: {lacking}")
        report = self.generate(case, in_flight)
        self.keys += report["all_pairs"]
        return report

    def load_in_turn(self):
        os.sync()  # what the last one left to the kernel to write is not for this one to wait for
        self.server.resume()
        for case, in_flight in PEERS[self.peer].loads:
            report = self.load(case, in_flight)
            self.found["loads"].setdefault(f"{case}, {in_flight:,} in flight", []).append(report)
        self.server.pause()

    def written(self):
        written = self.server.family.written_bytes()
        return {"written_mb": written / MB, "write_amplification": written / (self.keys * USER_BYTES)}

    def insides(self):
        """What only Semel tells of itself."""
        if self.peer != "semel":
            return {}
        metrics = self.server.metrics()
        caches = metrics["semel_rocksdb_block_cache_bytes"] + metrics["semel_rocksdb_memtable_bytes"]
        return {"caches_mb": caches / MB, "block_cache_mb": metrics["semel_rocksdb_block_cache_capacity_bytes"] / MB,
                "log_mb": metrics["semel_rocksdb_wal_written_bytes_total"] / MB}

    def look(self):
        """After the loads, which is when memory is compared: all sizes have done the same since they were filled."""
        self.server.resume()
        self.found |= {"keys_in_the_end": self.keys, "memory_mb": self.memory_mb()}
        self.found |= {f"{name}_in_the_end": value for name, value in self.insides().items() if name == "caches_mb"}

    def stop(self):
        """Whichever server it is by then: a restart puts another one in its place. What it stored goes with it, as the next peer wants room."""
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self):
        """kill -9 right behind a load, then from the start of the process until a Begin and a Complete were answered."""
        self.load(*PEERS[self.peer].loads[0])
        self.server.kill()
        started = time.monotonic()
        self.server = self.start()
        self.generate(PEERS[self.peer].loads[0][0], 1, "--pairs", 1)
        self.found["restart_s"].append(time.monotonic() - started)
        self.found["restart_keys"].append(self.keys)
        self.keys += 1
        self.found["memory_after_restart_mb"] = self.memory_mb()


class Findings:
    """What is known so far, of all peers."""

    def __init__(self):
        self.servers, self.all_filled, self.stopped, self.failed = {}, [], [], False

    def stop(self, why):
        self.stopped.append(why)
        runs.progress(why)

    def to_json(self):
        return {"servers": self.servers, "sizes": [filled.found for filled in self.all_filled], "stopped": self.stopped}


def fill(options, there, peer, stack, findings):
    """Returns the sizes of a peer that are reached. What ends that of one ends it: what is larger would not be reached either."""
    sizes = []
    for keys in sorted(set(options.keys)):
        if ended_by := there.lacking():
            findings.stop(f"{peer}: {keys:,} keys not begun: {ended_by}")
            break
        sizes.append(stack.enter_context(processes.stopping(Filled(options, there, peer, keys))))
        findings.all_filled.append(sizes[-1])
        findings.servers[peer] = sizes[-1].about()
        if ended_by := sizes[-1].fill():
            findings.stop(f"{peer}: {sizes[-1].keys:,} of {keys:,} keys: {ended_by}")
            break
    return sizes


def measure_peer(options, there, peer, findings):
    """At every size, in turn where they are loaded."""
    with contextlib.ExitStack() as stack:
        sizes = fill(options, there, peer, stack, findings)
        for number in range(1, options.rounds + 1):
            runs.progress(f"{peer}: round {number} of {options.rounds}")
            for filled in sizes:
                filled.load_in_turn()
        for filled in sizes:
            filled.look()
            for number in range(1, RESTARTS + 1):
                runs.progress(f"{peer}, {filled.found['keys']:,} keys: restart {number} of {RESTARTS} after kill -9")
                filled.restart()
            filled.stop()


def measure(options, workspace, findings):
    """One peer after the other, so that much is known early; the trouble of one is not that of the next."""
    import psutil  # late: --help answers before it is installed

    there = room.Room(workspace)
    for peer in options.peers:
        try:
            measure_peer(options, there, peer, findings)
        except (processes.Failed, psutil.NoSuchProcess) as failure:
            findings.failed = True
            findings.stop(f"{peer}: {failure}")


def main(given=None):
    options = parse_arguments(given)
    findings = Findings()

    def results():
        return {"machine": about} | findings.to_json()

    with runs.workspace(options) as workspace:
        about = machine.facts(workspace)
        print(machine.describe(about), flush=True)
        with runs.salvaging("scale", results):
            measure(options, workspace, findings)
    all_found = scale_report.filled(results()["sizes"])
    if not all_found:
        raise processes.Failed("not one size could be filled:\n" + "\n".join(findings.stopped))
    targets = scale_report.targets(all_found)
    print("", figures.table(comparison.durability_rows(findings.servers)), "", scale_report.size_table(all_found), "",
          scale_report.load_table(all_found), "", figures.target_table(targets), "",
          *(f"stopped there, {why}" for why in findings.stopped), sep="\n")
    print("\nwritten to", *runs.write("scale", results() | {"targets": [target.to_json() for target in targets]},
                                      scale_report.pictures(all_found)))
    return int(findings.failed) or figures.exit_code(options, targets)
