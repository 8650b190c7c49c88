"""Every transcript of client/scenarios against real servers, through the blocking client and through that of asyncio, both ways."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.callers import AsyncCaller, BlockingCaller, Caller, StreamCaller
from conformance.parser import parse
from conformance.runner import Runner
from conformance.scenario import TranscriptError
from conformance.service import Service

SCENARIOS = Path(__file__).parents[3] / "scenarios"
FILES = sorted(SCENARIOS.glob("*.txt"))


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 36


def test_the_table_has_a_row_for_each() -> None:
    table = (SCENARIOS.parent / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]", table, re.MULTILINE)[-len(FILES) :] == [file.stem for file in FILES]


@pytest.mark.parametrize("connect", [BlockingCaller, AsyncCaller, StreamCaller], ids=["sync", "aio", "aio-stream"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_goes_as_it_is_written(file: Path, connect: Callable[[str, str], Caller], tmp_path: Path) -> None:
    scenario = parse(file)
    scenario.file = os.path.relpath(file)
    try:
        Runner(scenario, Service(scenario, tmp_path), connect).run()
    except TranscriptError as error:
        pytest.fail(str(error), pytrace=False)
