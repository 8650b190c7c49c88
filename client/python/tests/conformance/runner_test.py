"""The runner finds what is not so, and says where; and transcripts that say nothing sensible are not run at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.callers import AsyncCaller, BlockingCaller, Caller
from conformance.parser import parse
from conformance.runner import Runner
from conformance.scenario import TranscriptError
from conformance.service import Service
from conformance.words import duration_text, parse_duration


def written(folder: Path, text: str) -> Path:
    file = folder / "written.txt"
    file.write_text(text)
    return file


@pytest.mark.parametrize("connect", [BlockingCaller, AsyncCaller], ids=["sync", "aio"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: begin k\n  -> done\n", "written.txt:2: another answer\n  expected done\n  got      acquired"),
        ("a: begin k\n  -> acquired attempt=2\n", "written.txt:2: attempt differs"),
        ("a: begin k\n  -> acquired colour=red\n", "'acquired' has nothing called colour"),
        ("a: begin k\n  -> acquired token=T1\nb: renew k token=T1\n  -> renewed lease=1s\n", ":4: lease differs"),
        ("a: begin k\n", "no answer is expected"),
        ("a: begin k wait=1h &\n", "it did not wait"),
        ("a: begin k\n  -> acquired\nb: begin k wait=1h &\n", ":3: no line says what this call was answered"),
        ("a: begin k colour=red\n  -> acquired\n", "the call has no field colour"),
        ("a: begin k lease=often\n  -> acquired\n", "not a duration"),
        ("a: begin k\n  -> error TOKEN_STALE\n", "another answer"),
        ("a: batch begin\n  - k\n    -> done\n", ":3: another answer"),
        ("start server\n", "started twice"),
        ("stop server\na: begin k\n  -> acquired\n", "the server does not run"),
    ],
    ids=lambda value: value.splitlines()[0][:30],
)
def test_a_mismatch_is_told(tmp_path: Path, connect: Callable[[str, str], Caller], text: str, said: str) -> None:
    scenario = parse(written(tmp_path, text))
    with pytest.raises(TranscriptError) as caught:
        Runner(scenario, Service(scenario, tmp_path), connect).run()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: dance k\n", "written.txt:1: expected begin or complete"),
        ("a: begin\n", "a key"),
        ("a: begin k 5\n", "name=value instead of '5'"),
        ("  -> acquired\n", "a call above"),
        ("elapse soon\n", "a duration"),
        ("fly server\n", "expected"),
        ("hello\n", "a step"),
        ('a: begin "k\n', "a quote is not closed"),
        ("elapse 1s\nnamespace shop:\n", "settings before the first step"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_transcript_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TranscriptError) as caught:
        parse(written(tmp_path, text))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["31s", "1h30m", "-1us", "0s", "1d", "10ms"])
def test_durations(text: str) -> None:
    micros = parse_duration(text)
    assert micros is not None
    assert duration_text(micros) == text


def test_no_durations() -> None:
    assert parse_duration("") is None
    assert parse_duration("1x") is None
    assert parse_duration("s") is None
