"""The README's examples are programs of examples/, and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from semeld import PATIENCE, Semeld

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text()
EXAMPLES = sorted((HERE / "examples").glob("*.py"))
BLOCK = re.compile(r"<!-- (examples/\S+) \[(\w+)\] -->\n```python\n(.*?)```\n", re.DOTALL)

PRINTED = {
    "first_call": "{'order': '17', 'token_given': True} \n{'order': '17', 'token_given': True} (before)\n",
    "outcomes": (
        "good: charged; again: charged\n"
        "stolen: failed now: no such card; again: failed before: CARD_DECLINED, final\n"
        "busy: failed now: BANK_BUSY: come back later; again: failed before: BANK_BUSY, retryable\n"
        "silent: failed now: the bank did not answer; again: till-3 is at it, attempt 1\n"
    ),
    "decorator": "{'refunded': 500} {'refunded': 500} True\nnot packed\nshipped / before: shipped PARCEL\n",
    "takeover": (
        "crashed: power cut\nfound checkpoint: amount 12.50\npaid\n"
        "refund: half way\nin doubt: refund 7\nsettled: State.DONE refund 7\n"
    ),
    "calls": "done by attempt 1\ndone before: printed\n3 of 3, 2 of 5\n",
    "in_asyncio": "{'placed'} ran: 1\n",
}


def region(file: Path, name: str) -> str:
    found = re.search(rf"^# \[{name}\]\n(.*?)^# \[{name}\]$", file.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"{file} has no [{name}]"
    return found.group(1).strip("\n") + "\n"


@pytest.mark.parametrize(("file", "name", "shown"), BLOCK.findall(README), ids=lambda value: value[:30])
def test_shows_what_the_examples_say(file: str, name: str, shown: str) -> None:
    assert shown == region(HERE / file, name)


def test_every_python_block_is_an_example() -> None:
    assert README.count("```python\n") == len(BLOCK.findall(README)) > 5
    assert {HERE / file for file, _, _ in BLOCK.findall(README)} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_examples_run(server: Semeld, example: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", example, *(["17"] if example.stem == "first_call" else [])],
        env={**os.environ, "SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": "examples"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, PRINTED[example.stem]), done.stderr
