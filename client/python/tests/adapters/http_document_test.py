"""client/http.md is what every language goes by: this one answers what stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import grpc
import pytest

import semel
from semel._answers import Expired, Failed, InDoubt, InProgress
from semel._http import problems
from semel._http.key_header import MalformedKey
from semel._http.policy import default_status_policy
from semel._http.problems import Problem
from semel.grpc import _answers as grpc_answers
from semel.wire.v1 import status_pb2

DOCUMENT = (Path(__file__).parents[3] / "http.md").read_text()
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d{3}) \|([^|]*)\|", re.MULTILINE)
NOW = datetime(2026, 11, 22, 7, 0, 0, tzinfo=timezone.utc)
OF_PROBLEMS = {"type", "title", "status", "detail"}

LATER = [
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
]
BROKEN = [grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL]


def failed(retryable: bool) -> semel.EffectFailed:
    failure = semel.Failure("BUSY", "secret", retryable=retryable)
    return semel.EffectFailed("k", Failed(failure, timedelta() if retryable else None, 1))


def refused_with(code: grpc.StatusCode, reason: str = "") -> semel.CallError:
    return semel.CallError("no", code=code, reason=reason)


ANSWERED: dict[str, Callable[[], Problem]] = {
    "key-missing": lambda: problems.key_missing("Idempotency-Key"),
    "key-malformed": lambda: problems.key_malformed("Idempotency-Key", MalformedKey("it is")),
    "body-too-large": lambda: problems.body_too_large(7),
    "body-incomplete": lambda: problems.body_incomplete(29, 14),
    "fingerprint-mismatch": lambda: problems.refusal(semel.FingerprintMismatch("no")),
    "in-flight": lambda: problems.refusal(
        semel.AlreadyRunning("k", InProgress("another", 1, timedelta(seconds=9), timedelta(seconds=3)))
    ),
    "in-doubt": lambda: problems.refusal(semel.EffectInDoubt("k", InDoubt("another", NOW, b""))),
    "expired": lambda: problems.refusal(semel.ResultExpired("k", Expired(NOW))),
    "failed for now": lambda: problems.refusal(failed(True)),
    "failed for good": lambda: problems.refusal(failed(False)),
    "unavailable": lambda: problems.refusal(refused_with(grpc.StatusCode.UNAVAILABLE)),
    "refused": lambda: problems.refusal(refused_with(grpc.StatusCode.INVALID_ARGUMENT, "KEY_INVALID")),
    "refused for want of a key": lambda: problems.no_key(semel.KeyPartError("no")),
    "streaming": problems.streaming,
    "response-not-kept": problems.response_not_kept,
    "not-recorded": problems.not_recorded,
}


def test_the_document_has_the_problems_of_this_package() -> None:
    documented = {
        (name, int(status), frozenset(re.findall(r"`(\w+)`", members)))
        for name, status, members in ROW.findall(DOCUMENT)
    }
    answered = set()
    for problem in (make() for make in ANSWERED.values()):
        response = problem.response()
        body = json.loads(response.body)
        assert (body["type"], body["status"]) == (f"urn:semel:problem:{problem.name}", response.status)
        headers = dict(response.headers)
        assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/problem+json", "no-store")
        assert headers.get("Retry-After") == (str(body["retry_after"]) if "retry_after" in body else None)
        answered.add((problem.name, problem.status, frozenset(body.keys() - OF_PROBLEMS)))
    assert answered == documented


def test_the_document_has_the_statuses_of_the_rule() -> None:
    for line, said in (("| retry | ", False), ("| leave open | ", semel.Unknown)):
        rule = DOCUMENT.split(line)[1].split(":")[0]
        for status in range(200, 600):
            answer = default_status_policy(status)
            is_said = answer is False if said is False else isinstance(answer, semel.Unknown)
            is_named = is_said and (status < 500 or said is not False)
            assert (str(status) in rule) == is_named, (line, status)


@pytest.mark.parametrize(
    ("error", "problem", "reason"),
    [
        *((refused_with(code), "unavailable", "UNAVAILABLE") for code in (*LATER, *BROKEN)),
        *((refused_with(code, "QUOTA"), "unavailable", "UNAVAILABLE") for code in LATER),
        *((refused_with(code, "BUG"), "refused", "REFUSED") for code in BROKEN),
        (refused_with(grpc.StatusCode.PERMISSION_DENIED), "refused", "REFUSED"),
        (refused_with(grpc.StatusCode.UNAUTHENTICATED, "NO_TOKEN"), "refused", "REFUSED"),
    ],
    ids=str,
)
def test_what_may_go_better_is_unavailable(error: semel.CallError, problem: str, reason: str) -> None:
    assert problems.refusal(error).name == problem
    trailing = dict(grpc_answers.refusal(error).trailing)
    info = status_pb2.ErrorInfo()
    status = status_pb2.Status.FromString(trailing[grpc_answers.DETAILS])
    info.ParseFromString(status.details[0].value)
    assert info.reason == reason
