"""What all parts share: their options, the folder they work in, a run of the load generator, and the results they leave."""

import contextlib
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from harness import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench/results"


def counts(text):
    """The type of an option that takes numbers: "64,256" or "1e6"."""
    numbers = [int(float(number)) for number in text.split(",")]
    if min(numbers) < 1:
        raise ValueError(text)
    return numbers


def declare(parser, rounds=5, seconds=4.0):
    """The options that mean the same in every part."""
    parser.add_argument("--rounds", type=int, default=rounds, help=f"times that everything is measured in turn (default {rounds})")
    parser.add_argument("--seconds", type=float, default=seconds, help=f"measured seconds of each run (default {seconds:g})")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before them (default 0.5)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where the binaries are")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build/bench-data",
                        help="where data directories are made, and removed; must be a real disk")
    parser.add_argument("--semeld-flag", action="append", default=[], metavar="FLAG", help="handed to semeld, may be repeated")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")


@contextlib.contextmanager
def workspace(options):
    """A new folder on the disk that is measured, removed in the end. Ctrl-C and SIGTERM pass through here."""
    processes.stop_on_signals()
    options.data.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="run-", dir=options.data)
    try:
        yield pathlib.Path(folder).resolve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(options, server, service, in_flight, *more):
    """One run of the load generator; any failed or wrong answer ends the bench."""
    command = [options.build / "bench/semel_bench_load", "--target", server.address, "--service", service, "--in-flight", in_flight,
               "--warm-up", options.warm_up, "--seconds", options.seconds, "--server-pid", server.pid, *more]
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if run.returncode != 0:
        raise SystemExit(f"{service}, {in_flight} in flight: {run.stdout}{run.stderr}\nserver log:\n{server.tail()}")
    return json.loads(run.stdout)


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def write(part, results, charts=(), document="", keep=False):
    """bench/results/PART-TIME.json, PART-TIME-NAME.svg for each (name, svg), and PART-TIME.md where there is a document. `keep`: without
    the time, so that Git sees them. The paths, to be told."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    stem = part if keep else f"{part}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    files = {f"{stem}.json": json.dumps(results, indent=1) + "\n"} | {f"{stem}-{name}.svg": svg for name, svg in charts}
    if document:
        files[f"{stem}.md"] = document
    for name, text in files.items():
        (RESULTS / name).write_text(text, encoding="utf-8")
    return [str((RESULTS / name).relative_to(ROOT)) for name in files]
