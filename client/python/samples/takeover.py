"""Packs the five parcels of a job, in asyncio. Kill it half way and start it again: it goes on where the checkpoint says.

::

    SEMEL_NAMESPACE=shop python takeover.py --ledger parcels.txt --hang-after 3 7   # then kill -9 it
    SEMEL_NAMESPACE=shop python takeover.py --ledger parcels.txt 7
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import semel
import semel.aio

PARCELS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Packs the five parcels of a job.")
    parser.add_argument(
        "--ledger", type=Path, default=Path("parcels.txt"), help="the warehouse: a line for each parcel"
    )
    parser.add_argument("--hang-after", type=int, help="hang after so many parcels, to be killed")
    parser.add_argument("job")
    given = parser.parse_args()
    try:
        asyncio.run(Job(given.job, given.ledger, given.hang_after).run())
    except semel.SemelError as error:
        sys.exit(f"job {given.job}: {error}")


@dataclass(frozen=True)
class Job:
    """What has to be packed once, by one process after the other if need be."""

    name: str
    ledger: Path
    hang_after: int | None

    async def run(self) -> None:
        """Packs it, or tells that it was packed before."""
        async with semel.aio.Client() as client:  # SEMEL_ADDRESS and SEMEL_NAMESPACE
            # Another owner may be silent for a second before it counts as dead; this one waits half a minute for it.
            outcome = await client.run(semel.key_of("job", self.name), self.pack, lease=1, wait=30)
        print(f"job {self.name}: {outcome.value}{' (before)' if outcome.replayed else ''}")

    async def pack(self, attempt: semel.aio.Attempt) -> str:
        """Is cancelled where the lease is lost: another has taken over."""
        packed = packed_before(attempt)
        while packed < PARCELS:
            line = f"job {self.name} parcel {packed + 1}"
            # The last owner may have packed this one, and died before it saved so.
            if not has_line(self.ledger, line):
                append_line(self.ledger, line)
            packed += 1
            await attempt.checkpoint(b"%d" % packed)
            print("packed parcel", packed)
            if packed == self.hang_after:
                print("hanging: kill -9", os.getpid())
                await asyncio.Event().wait()  # nobody sets it; the lease is kept alive meanwhile
        return f"{PARCELS} parcels packed, at last by attempt {attempt.number}"


def packed_before(attempt: semel.aio.Attempt) -> int:
    if not attempt.previous_checkpoint:
        return 0
    try:
        packed = int(attempt.previous_checkpoint)
    except ValueError as error:
        raise semel.Final("BAD_CHECKPOINT", str(error)) from error  # it will not get better
    print("taking over after parcel", packed)
    return packed


def has_line(path: Path, line: str) -> bool:
    return path.exists() and line in path.read_text().splitlines()


def append_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
