"""Refunds money, which can neither be taken back nor be done twice.

If it dies while the bank has the word, nobody does it again before somebody has asked the bank.

::

    export SEMEL_NAMESPACE=bank
    python indoubt.py --ledger bank.txt --crash after refund 7   # dies when the money has moved
    python indoubt.py --ledger bank.txt refund 7                 # in doubt
    python indoubt.py --ledger bank.txt settle 7                 # asks the bank, and tells Semel
    python indoubt.py --ledger bank.txt refund 7                 # refunded before
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import semel

EXIT_IN_DOUBT = 3  # a person is needed


def main() -> None:
    parser = argparse.ArgumentParser(description="Refunds money, which cannot be taken back.")
    parser.add_argument("--ledger", type=Path, default=Path("bank.txt"), help="the bank: a line for each refund")
    parser.add_argument("--crash", choices=["before", "after"], help="die before or after the bank was told")
    parser.add_argument("what", choices=["refund", "settle"])
    parser.add_argument("id")
    given = parser.parse_args()
    refund = Refund(given.id, given.ledger, given.crash)
    try:
        print(refund.run() if given.what == "refund" else refund.settle())
    except semel.EffectInDoubt:
        print(f"refund {given.id}: in doubt, nobody knows whether the money moved: settle it")
        sys.exit(EXIT_IN_DOUBT)
    except semel.SemelError as error:
        sys.exit(f"refund {given.id}: {error}")


@dataclass(frozen=True)
class Refund:
    """Money that goes back once."""

    id: str
    ledger: Path
    crash: str | None

    @property
    def key(self) -> str:
        """In Semel."""
        return semel.key_of("refund", self.id)

    @property
    def line(self) -> str:
        """At the bank."""
        return f"refund {self.id}"

    def run(self) -> str:
        """Moves the money, or tells who has moved it before."""
        with semel.Client() as client:  # SEMEL_ADDRESS and SEMEL_NAMESPACE
            outcome = client.run(self.key, self.transfer, lease=1, wait=30)
        return f"refund {self.id}: refunded{' before' if outcome.replayed else ''} ({outcome.value})"

    def transfer(self, attempt: semel.Attempt) -> str:
        """The effect."""
        # From here on it can neither be taken back nor looked up: if this attempt falls silent, or fails without saying
        # how, nobody may simply run it again.
        attempt.checkpoint(self.line.encode(), effects_began=True)
        self.die_if("before")
        append_line(self.ledger, self.line)
        self.die_if("after")
        return "told by the bank"

    def die_if(self, when: str) -> None:
        """A power cut."""
        if self.crash == when:
            os.kill(os.getpid(), signal.SIGKILL)

    def settle(self) -> str:
        """Asks the bank what became of the refund, and tells Semel."""
        with semel.AdminClient() as admin:
            in_doubt = admin.each_key(prefix=self.key, state=semel.State.IN_DOUBT)
            looked_at = next((listed for listed in in_doubt if listed.key == self.key), None)
            if looked_at is None:
                sys.exit(f"refund {self.id} is not in doubt")
            resolution: semel.Result | semel.Absent
            if has_line(self.ledger, self.line):
                finding, reason = "the bank has it; it is done", "the bank's statement has it"
                resolution = semel.Result(b"found at the bank", "text/plain; charset=utf-8")
            else:
                finding, reason = (
                    "the bank has nothing of it; it may be tried again",
                    "the bank's statement does not have it",
                )
                resolution = semel.Absent()
            # With its number, so that no later attempt is settled by mistake.
            attempt = looked_at.record.attempt
            admin.resolve_key(self.key, resolution, reason=reason, actor="indoubt", attempt=attempt)
        return f"refund {self.id}: {finding}"


def has_line(path: Path, line: str) -> bool:
    return path.exists() and line in path.read_text().splitlines()


def append_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
