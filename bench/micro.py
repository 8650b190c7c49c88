"""./dev bench micro: what codec, rules, translation and committer cost each, by time and by instructions.

Times are those of the machine and the minute; instructions (callgrind) are the same on a busy machine, so that they can judge
a small change. Prints a table; writes everything to bench/results/micro-*.json.

  ./dev bench micro --filter decide/                                     # a part of the cases
  ./dev bench micro --counts-only --against bench/results/micro-X.json   # what a change did, in seconds
"""

import argparse
import json
import pathlib
import re
import statistics

from harness import arguments, figures, machine, processes, runs

LIMIT_S = 3600


def parse_arguments(given):
    parser = argparse.ArgumentParser(prog="./dev bench micro", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", metavar="TEXT", help="only cases whose name holds it, for example decide/")
    parser.add_argument("--repetitions", type=arguments.whole(1, 1000), default=5, help="of each case, in random order (default 5)")
    parser.add_argument("--min-time", type=arguments.amount(0.001), default=0.2, help="seconds of each repetition (default 0.2)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--counts-only", action="store_true", help="instructions, no times")
    only.add_argument("--times-only", action="store_true", help="times, no instructions")
    parser.add_argument("--against", type=pathlib.Path, metavar="FILE", help="an earlier result to compare with")
    arguments.declare_places(parser)
    return parser.parse_args(given)


def take_times(options, folder):
    """{case: {"real_ns": [of each repetition], "cpu_ns": [...]}}, both per operation."""
    report = folder / "times.json"
    processes.output(options.build / "bench/micro/semel_bench_timed", f"--benchmark_filter={re.escape(options.filter) or '.'}",
                     f"--benchmark_repetitions={options.repetitions}", f"--benchmark_min_time={options.min_time}",
                     "--benchmark_enable_random_interleaving=true", f"--benchmark_out={report}", cwd=folder, limit_s=LIMIT_S)
    times = {}
    text = report.read_text()
    for row in json.loads(text)["benchmarks"] if text else []:  # empty where no case matches
        if row["run_type"] != "iteration":
            continue
        name = re.sub(r"(/min_time:[0-9.]+)?/process_time/real_time$", "", row["run_name"])
        case = times.setdefault(name, {"real_ns": [], "cpu_ns": []})
        case["real_ns"].append(row["real_time"] / row["operations"])
        case["cpu_ns"].append(row["cpu_time"] / row["operations"])
    return times


def count_instructions(options, folder):
    """{case: instructions per operation}"""
    said = processes.output("valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=SemelCounted",
                            "--dump-after=SemelCounted", "--callgrind-out-file=counts",
                            options.build / "bench/micro/semel_bench_counted", options.filter, cwd=folder, limit_s=LIMIT_S)
    counts = {}
    for number, line in enumerate(said.splitlines(), 1):
        name, operations = line.split()
        dump = (folder / f"counts.{number}").read_text()
        total = next(line for line in dump.splitlines() if line.startswith(("summary:", "totals:")))
        counts[name] = int(total.split()[1]) / int(operations)
    return counts


def cases_of(path):
    """Of an earlier run."""
    try:
        return json.loads(path.read_text())["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise processes.Failed(f"--against {path}: not a result of ./dev bench micro: {error}") from error


def natural(item):
    """batch_64 comes before batch_1024."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", item[0])]


def change(now, before):
    return f"{(now / before - 1) * 100:+.1f} %" if now and before else ""


def report(cases, before):
    header = ["per operation", "ns", "smallest", "largest", "CPU ns", "instructions"]
    rows = [header + (["ns", "instructions"] if before else [])]
    for name, case in sorted(cases.items(), key=natural):
        real, counted, row = case.get("real_ns"), case.get("instructions"), [name]
        row += [f"{f(real):,.0f}" for f in (statistics.median, min, max)] if real else [""] * 3
        row.append(f"{statistics.median(case['cpu_ns']):,.0f}" if real else "")
        row.append(f"{counted:,.0f}" if counted else "")
        if before:
            old = before.get(name, {})
            old_real = statistics.median(old["real_ns"]) if old.get("real_ns") else None
            row.append(change(statistics.median(real) if real else None, old_real))
            row.append(change(counted, old.get("instructions")))
        rows.append(row)
    return figures.table(rows)


def main(given=None):
    options = parse_arguments(given)
    options.build = options.build.resolve()
    before = cases_of(options.against) if options.against else None
    cases = {}
    with runs.workspace(options) as folder:
        about = machine.facts(folder)
        print(machine.describe(about), flush=True)
        if not options.counts_only:
            runs.progress("taking times")
            cases = take_times(options, folder)
        if not options.times_only:
            runs.progress("counting instructions")
            for name, instructions in count_instructions(options, folder).items():
                cases.setdefault(name, {})["instructions"] = instructions
    if not cases:
        raise processes.Failed(f"no case whose name holds {options.filter!r}")
    print("", report(cases, before), sep="\n")
    print("\nwritten to", *runs.write("micro", {"machine": about, "cases": cases}))
