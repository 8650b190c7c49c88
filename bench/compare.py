"""./dev bench compare: Semel next to what people use instead, on this machine, with the same durability.

A pair is Begin + Complete of a key that nobody used before: 36 bytes of key, 32 of fingerprint, 200 of result, a lease and a
retention; an answer is sent only after the sync of what it says. All servers are started here, on free ports and with
directories of their own, and stopped again, also on Ctrl-C. While one is measured the others stand still (SIGSTOP).
Prints tables; writes JSON and charts to bench/results/. How to read it: bench/README.md.
"""

import argparse
import contextlib
import os

import comparison
from harness import arguments, figures, machine, processes, runs, surroundings
from peers.etcd import Etcd
from peers.postgresql import PostgreSql
from peers.redis import UntidyRedis
from peers.semel import Echo, Semel

PEERS = {"semel": Semel, "redis": UntidyRedis, "postgresql": PostgreSql, "etcd": Etcd, "echo": Echo}


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.declare(parser)
    parser.add_argument("--quick", action="store_true", help="two rounds of one second: rough figures in a few minutes")
    parser.add_argument("--keep", action="store_true", help="write results/compare.*, which Git keeps and the README shows")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="CASE,...",
                        help=f"some of: {', '.join(case.name for case in comparison.CASES)}")
    parser.add_argument("--repeats", type=arguments.whole(0, 100), default=2,
                        help="how often a run is repeated that others disturbed (default 2; --quick 0)")
    parser.add_argument("--in-flight", type=arguments.counts(arguments.MOST_IN_FLIGHT), metavar="N,...", default=comparison.IN_FLIGHT,
                        help="operations in flight (default " + ",".join(map(str, comparison.IN_FLIGHT)) + ")")
    if "--quick" in (given or []):
        parser.set_defaults(rounds=2, seconds=1.0, repeats=0)
    options = parser.parse_args(given)
    unknown = set(options.only or []) - {case.name for case in comparison.CASES}
    if unknown:
        parser.error(f"no case {', '.join(repr(name) for name in sorted(unknown))}")
    if options.keep and (options.quick or options.only or options.in_flight != comparison.IN_FLIGHT or options.rounds < 5 or options.seconds < 4):
        parser.error("too rough to --keep: that takes all cases and numbers in flight, five rounds of four seconds or more")
    if not comparison.plan(options.in_flight, options.only):
        parser.error("none of these cases makes sense with so many in flight: batches want a multiple of 64, pipelines one of 16 from "
                     "64 on, single calls less than 512")
    return options


def measure_round(options, folder, steps, runs_of):
    """One round on fresh servers: what they have stored before must not count. Returns what they say of their durability."""
    with contextlib.ExitStack() as stack:
        servers = {}
        for name in dict.fromkeys(case.peer for case, _ in steps):
            servers[name] = stack.enter_context(processes.stopping(PEERS[name](options, folder)))
        about = {name: {"version": server.version(), "durability": server.durability()} for name, server in servers.items()}
        for server in servers.values():
            server.pause()
        for case, in_flight in steps:
            server = servers[case.peer]
            os.sync()  # what the last one left to the kernel to write is not for this one to wait for
            server.resume()
            runs_of[case.name, in_flight].append(measure_if_need_be_twice(options, folder, server, case, in_flight))
            server.pause()
        return about


def measure_if_need_be_twice(options, folder, server, case, in_flight):
    """That a server refused load in one bad moment does not end twenty minutes; the report tells of it. Anything else does, a wrong
    answer above all."""
    try:
        return measure_in_peace(options, folder, server, case, in_flight)
    except processes.Refused as failure:
        runs.progress(f"{case.name}, {in_flight:,} in flight, once more: {failure}")
        return measure_in_peace(options, folder, server, case, in_flight) | {"failure_before": str(failure)}


def measure_in_peace(options, folder, server, case, in_flight):
    """A run that others disturbed is repeated, and the least disturbed one counts: a choice that does not look at who was how fast."""
    tried = [measure(options, folder, server, case, in_flight)]
    while comparison.disturbed(tried[-1]) and len(tried) <= options.repeats:
        tried.append(measure(options, folder, server, case, in_flight))
    return min(tried, key=comparison.taken_away) | {"repeats": len(tried) - 1}


def measure(options, folder, server, case, in_flight):
    def counts():
        return {"syncs": server.syncs(), "flushes": surroundings.flushes(folder)}

    before, noise = counts(), surroundings.Noise(server)
    report = runs.load(options, server, case.service, in_flight, *case.arguments) | noise.cores()
    # Also those of the warm-up, as all_pairs has its pairs.
    return report | {name: count - before[name] for name, count in counts().items() if before[name] is not None}


def main(given=None):
    options = parse_arguments(given)
    steps = comparison.plan(options.in_flight, options.only)
    runs_of = {(case.name, n): [] for case, n in steps}
    syncs_ms, servers = [], {}

    def results():
        cases = [{"case": name, "in_flight": n, "rounds": reports} for (name, n), reports in runs_of.items()]
        return {"machine": about, "servers": servers, "fdatasync_ms": syncs_ms, "cases": cases}

    with runs.workspace(options) as workspace:
        about = machine.facts(workspace)
        print(machine.describe(about), flush=True)
        if options.keep and about["file_system"] in machine.WITHOUT_A_DISK:
            raise processes.Failed("not to be kept: --data is not on a disk")
        with runs.salvaging("compare", results):
            for number in range(1, options.rounds + 1):
                runs.progress(f"round {number} of {options.rounds}")
                with runs.folder_of_round(workspace, number) as folder:
                    syncs_ms.append(machine.fdatasync_ms(folder))
                    order = comparison.in_turn(steps, number - 1, options.rounds)
                    servers |= measure_round(options, folder, order, runs_of)
    targets = comparison.targets(runs_of, syncs_ms)
    print("", comparison.proof_table(servers, runs_of), "", comparison.main_table(runs_of), "",
          figures.target_table(targets), sep="\n")
    document = comparison.document(about, servers, runs_of, targets)
    print("\nwritten to", *runs.write("compare", results() | {"targets": [target.to_json() for target in targets]},
                                      comparison.pictures(runs_of, about), document, options.keep))
    return figures.exit_code(options, targets)
