"""Charges an order once, however often it is started for the same order.

::

    SEMEL_NAMESPACE=shop python firstcall.py --ledger charges.txt 17
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TypedDict

import semel


class Charge(TypedDict):
    """What everybody gets who asks for the same order: JSON, so that programs in other languages read it, too."""

    order: str
    cents: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Charges an order once.")
    parser.add_argument("--ledger", type=Path, default=Path("charges.txt"), help="the bank: a line for each charge")
    parser.add_argument("order")
    given = parser.parse_args()
    try:
        charge_once(given.order, given.ledger)
    except semel.SemelError as error:
        sys.exit(f"order {given.order}: {error}")


def charge_once(order: str, ledger: Path) -> None:
    def charge(attempt: semel.Attempt) -> Charge:
        # Only one caller gets here. A real bank would take attempt.token, and refuse smaller ones.
        append_line(ledger, f"charge {order} 1250 token {attempt.token}")
        return {"order": order, "cents": 1250}

    with semel.Client() as client:  # SEMEL_ADDRESS and SEMEL_NAMESPACE
        outcome = client.run(semel.key_of("order", order), charge, wait=10)
    before = " (before)" if outcome.replayed else ""
    print(f"order {outcome.value['order']}: charged {outcome.value['cents']} cents{before}")


def append_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
