"""Charges the orders of a queue, each once, although the queue delivers some twice and workers die half way.

The queue is a directory, a message is a file in it: {"order": "17", "cents": 1250}. Start as many workers as you like; each
ends when the queue is empty.

::

    SEMEL_NAMESPACE=shop python queueworker.py --queue messages --ledger charges.txt
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import semel

NOW = timedelta()


@dataclass(frozen=True)
class Message:
    """What the queue delivers."""

    order: str
    cents: int

    @classmethod
    def read(cls, text: str) -> Message:
        """Raises ValueError for what is no message."""
        match json.loads(text):
            case {"order": str(order), "cents": int(cents)}:
                return cls(order, cents)
        raise ValueError("a message has an order and cents")

    def key(self) -> str:
        """The producer's name for it: the same for each of its deliveries. Raises ValueError where there is none."""
        return semel.key_of("order", self.order)


def main() -> None:
    parser = argparse.ArgumentParser(description="Charges the orders of a queue.")
    parser.add_argument("--queue", type=Path, default=Path("messages"), help="directory with a file for each message")
    parser.add_argument("--ledger", type=Path, default=Path("charges.txt"), help="the bank: a line for each charge")
    parser.add_argument("--work", type=float, default=0.01, help="how long the bank takes, in seconds")
    given = parser.parse_args()
    try:
        with semel.Client(lease=1) as client:  # SEMEL_ADDRESS and SEMEL_NAMESPACE
            Worker(client, given.queue, given.ledger, given.work).drain()
    except semel.SemelError as error:
        sys.exit(f"the message stays, for the next start: {error}")


@dataclass(frozen=True)
class Worker:
    """One of those that empty the queue."""

    client: semel.Client
    queue: Path
    ledger: Path
    work: float

    def drain(self) -> None:
        """Works until the queue is empty."""
        while messages := list(self.queue.glob("*.json")):
            random.shuffle(messages)  # or all workers would come for the same one
            pause = max(self.deliver(message) for message in messages)
            time.sleep(min(pause.total_seconds(), 1))  # others are at what is left

    def deliver(self, file: Path) -> timedelta:
        """Processes one message and takes it out of the queue, or answers when to come back to it."""
        try:
            message = Message.read(file.read_text())
            key = message.key()
        except FileNotFoundError:
            return NOW  # another worker has done it meanwhile
        except ValueError:
            return move(file, "rejected")
        try:
            self.client.run(key, lambda attempt: self.charge(message, attempt))
        except semel.AlreadyRunning as running:
            return running.retry_after
        except semel.EffectFailed as failed:
            return (failed.retry_after or NOW) if failed.retryable else move(file, "rejected")
        except semel.Final:
            return move(file, "rejected")
        except semel.EffectInDoubt:
            return move(file, "doubtful")  # for a person
        file.unlink(missing_ok=True)  # another worker may have been faster
        return NOW

    def charge(self, message: Message, attempt: semel.Attempt) -> str:
        """The effect."""
        if message.cents <= 0:
            raise semel.Final("NO_AMOUNT", "an order has to cost something")
        line = f"charge {message.order}"
        # A worker fell silent: it may have charged the order, or not.
        if attempt.previous is semel.Previous.ABANDONED and has_line(self.ledger, line):
            print("found", message.order)
            return "charged by a worker that died"
        print("charging", message.order)
        time.sleep(self.work)
        append_line(self.ledger, line)
        print("charged", message.order)
        return "charged"


def move(file: Path, into: str) -> timedelta:
    directory = file.parent / into
    directory.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):  # another worker was faster
        file.rename(directory / file.name)
    return NOW


def has_line(path: Path, line: str) -> bool:
    return path.exists() and line in path.read_text().splitlines()


def append_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
