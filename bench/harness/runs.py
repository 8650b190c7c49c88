"""What all parts share: the folder they work in, a run of the load generator, and the results they leave."""

import contextlib
import datetime
import functools
import json
import os
import pathlib
import shutil
import sys
import tempfile

from harness import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench/results"
SLACK_S = 90  # to connect and to end; the generators themselves give up on a server that is silent for 20 s


@contextlib.contextmanager
def workspace(options):
    """A new folder on the disk that is measured, removed in the end. Ctrl-C and SIGTERM pass through here."""
    processes.stop_on_signals()
    os.umask(0o022)  # a stricter one would keep PostgreSQL's user out
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=options.data)).resolve()
    except OSError as error:
        raise processes.Failed(f"--data {options.data}: no folder can be made there: {error.strerror}") from error
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def folder_of_round(workspace, number):
    """A new folder that goes with the round: all rounds together would fill the disk."""
    folder = workspace / f"round-{number}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def generate(options, server, program, in_flight, seconds, *more, limit_s=None):
    """What a generator reports of so many seconds of its load. Any failed or wrong answer ends the bench, and so does silence."""
    command = [options.build / "bench" / program, "--target", server.address, "--server-pid", server.pid, "--in-flight", in_flight,
               "--warm-up", options.warm_up, "--seconds", seconds, *more]
    try:
        return json.loads(processes.output(*command, limit_s=limit_s or options.warm_up + seconds + SLACK_S))
    except processes.Failed as failure:
        kind = processes.Refused if only_refusals(str(failure)) else processes.Failed
        raise kind(f"{failure}\nserver log:\n{server.tail()}") from failure


def only_refusals(said):
    """Of what a generator said that failed: in its last line stands what went wrong, by kind, as JSON."""
    try:
        kinds = json.loads(said.splitlines()[-1])
    except ValueError:
        return False
    return bool(kinds) and all("OVERLOADED" in kind for kind in kinds)


def load(options, server, service, in_flight, *more, limit_s=None):
    """Begin + Complete of fresh keys."""
    return generate(options, server, "semel_bench_load", in_flight, options.seconds, "--service", service, *more, limit_s=limit_s)


def traffic(options, server, in_flight, seconds, window, *more):
    """What real callers do."""
    return generate(options, server, "traffic/semel_bench_traffic", in_flight, seconds, "--window", window, *more)


@contextlib.contextmanager
def salvaging(part, results):
    """Writes what was measured (`results()`) as soon as measuring ends, in whichever way: a failure, also Ctrl-C, is written with it. So what
    is made of it later may fail and nothing is lost."""
    failure = {}
    try:
        yield
    except BaseException as error:
        failure = {"failure": str(error) if isinstance(error, processes.Failed) else repr(error)}
        raise
    finally:
        paths = keep_raw(part, results() | failure)
        if failure:
            progress(f"measured until then: {' '.join(paths)}")


def keep_raw(part, results):
    try:
        return write(part, results)
    except OSError:  # the disk is full, say: then the terminal has it
        print(json.dumps(results), flush=True)
        raise


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


@functools.cache
def time_of_results():
    """The same for all that this script writes: what is written again, with more in it, takes the place of what was there."""
    return f"{datetime.datetime.now():%Y%m%d-%H%M%S}"


def write(part, results, charts=(), document="", keep=False):
    """bench/results/PART-TIME.json, PART-TIME-NAME.svg for each (name, svg), and PART-TIME.md where there is a document. `keep`: without
    the time, so that Git sees them. The paths, to be told."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    stem = part if keep else f"{part}-{time_of_results()}"
    files = {f"{stem}.json": json.dumps(results, indent=1) + "\n"} | {f"{stem}-{name}.svg": svg for name, svg in charts}
    if document:
        files[f"{stem}.md"] = document
    for name, text in files.items():
        unfinished = RESULTS / f"{stem}.unfinished"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(RESULTS / name)  # a disk that is full by now leaves what was written before
    return [str((RESULTS / name).relative_to(ROOT)) for name in files]
