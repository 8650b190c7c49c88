"""Real load that touches everything: the habits, each at its rate, and an operator who changes the configuration.

with monitored(tmp_path, configuration(tmp_path)) as watched:
    drive(watched, seconds=30)
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import semel
from habits import HABITS, Callers, Habit
from monitored import Monitored

_RELOADS = 6.0  # seconds between two
_CERTIFICATE, _KEY = "certificate.pem", "key.pem"
_MISTAKE = "limits: {max_cals: 1}\n"

Pace = Callable[[float], float]


def configuration(directory: Path) -> str:
    """Of a server on which the habits get the answers that they are there for; small, so that the disk's work is seen. It serves over
    TLS, with a certificate that is made for it, so that what is told about certificates is there too."""
    _make_certificate(directory)
    return f"""\
tls: {{certificate: {directory / _CERTIFICATE}, private_key: {directory / _KEY}}}
backup: {{directory: {directory / "backups"}, keep: 3}}
limits: {{max_waiters: 500, max_waiters_per_key: 8, max_sessions: 1}}
storage: {{memtable: 1MiB, block_cache: 8MiB, reclaim_interval: 1m}}
default_policy: {{lease_default: 30s}}
namespaces:
  shop: {{}}
  bank: {{on_lapse: in_doubt, require_fingerprint: true, key_retention: 400d}}
  mail: {{max_attempts: 2}}
  jobs: {{result_retention: 1h, result_retention_max: 1d, key_retention: 1d}}
"""


def _make_certificate(directory: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"),
            *("-subj", "/CN=semel", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(directory / _KEY), "-out", str(directory / _CERTIFICATE)),
        ],
        check=True,
        capture_output=True,
    )


def drive(watched: Monitored, seconds: float, pace: Pace = lambda _: 1.0) -> None:
    """Loads the server for so long, and returns once everything is answered. `pace` tells how many times as often as
    usual things happen, by the seconds that have passed. Raises where a habit gets another answer than it should."""
    asyncio.run(_drive(watched, seconds, pace))


async def _drive(watched: Monitored, seconds: float, pace: Pace) -> None:
    async with AsyncExitStack() as stack:
        tls = semel.Tls(watched.directory / _CERTIFICATE)
        callers = await Callers.connect(watched.semeld.address, stack, tls)
        start = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for habit, rate in HABITS.items():
                tasks.create_task(_keep_up(habit, rate, callers, start, seconds, pace))
            tasks.create_task(_reload(watched, start, seconds))


async def _keep_up(habit: Habit, rate: float, callers: Callers, start: float, seconds: float, pace: Pace) -> None:
    """Starts the habit anew at its rate whether or not the one before has ended, as independent callers do."""
    first = int(time.time() * 1000)  # keys of their own for each load on a server
    async with asyncio.TaskGroup() as tasks:
        for n in itertools.count(first):
            elapsed = time.monotonic() - start
            if elapsed >= seconds:
                return
            tasks.create_task(_once(habit, callers, n))
            await asyncio.sleep(1 / (rate * pace(elapsed)))


async def _once(habit: Habit, callers: Callers, n: int) -> None:
    try:
        await habit(callers, n)
    except (AssertionError, semel.SemelError) as error:
        raise AssertionError(f"{habit.__name__}: {error!r}") from error


async def _reload(watched: Monitored, start: float, seconds: float) -> None:
    """Of a file with a mistake and of the one that was right, in turn; the right one is the last."""
    file = watched.directory / "semeld.yaml"
    right = file.read_text()
    for text in itertools.cycle((right + _MISTAKE, right)):
        file.write_text(text)
        os.kill(watched.semeld.pid, signal.SIGHUP)
        left = start + seconds - time.monotonic()
        if left <= 0 and text == right:
            return
        await asyncio.sleep(max(0.1, min(left, _RELOADS)))  # two at once would be taken for one
