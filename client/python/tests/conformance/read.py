"""The client's answers in the words of a transcript: every name that a kind of answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import semel
from conformance.answers import Answer, Fact, PageToken, Token


def _text(text: str | bytes) -> Fact:
    return (text.encode() if isinstance(text, str) else text) or None


def _number(number: int) -> Fact:
    return str(number).encode()


def _flag(flag: bool) -> Fact:
    return b"yes" if flag else b"no"


def _result(result: semel.Result) -> dict[str, Fact]:
    return {
        "result": None if result.payload_left_out else result.payload,
        "content_type": _text(result.content_type),
        "omitted": _flag(result.omitted),
        "size": _number(result.payload_size),
        "left_out": _flag(result.payload_left_out),
        **{f"attribute.{name}": value.encode() for name, value in result.attributes.items()},
    }


def _failure(failure: semel.Failure) -> dict[str, Fact]:
    return {
        "failure": _text(failure.reason),
        "message": _text(failure.message),
        "details": _text(failure.details),
        "retryable": _flag(failure.retryable),
    }


def begun(answer: semel.BeginAnswer) -> Answer:
    match answer:
        case semel.Acquired():
            return Answer(
                "acquired",
                facts={
                    "token": Token(answer.token),
                    "attempt": _number(answer.attempt),
                    "lease": answer.lease,
                    "previous": answer.previous.value.encode(),
                    "checkpoint": _text(answer.checkpoint),
                },
            )
        case semel.Done():
            times = {"completed": answer.complete_time, "expires": answer.expire_time}
            return Answer("done", facts={**_result(answer.result), **times})
        case semel.Failed():
            rest = {"retry_after": answer.retry_after, "attempt": _number(answer.attempt)}
            return Answer("failed", facts={**_failure(answer.failure), **rest})
        case semel.InProgress():
            return Answer(
                "in_progress",
                facts={
                    "owner": _text(answer.owner),
                    "attempt": _number(answer.attempt),
                    "remaining": answer.lease_remaining,
                    "retry_after": answer.retry_after,
                },
            )
        case semel.InDoubt():
            facts: dict[str, Fact] = {"owner": _text(answer.owner), "since": answer.since}
            return Answer("in_doubt", facts={**facts, "checkpoint": _text(answer.checkpoint)})
        case semel.Expired():
            return Answer("expired", facts={"completed": answer.complete_time})


def completed(answer: semel.Completed) -> Answer:
    return Answer(
        "completed",
        facts={
            "state": answer.state.value.encode(),
            "expires": answer.expire_time,
            "already_applied": _flag(answer.already_applied),
            "made_final": _flag(answer.made_final),
        },
    )


def looked_up(record: semel.Record | None) -> Answer:
    if record is None:
        return Answer("no_record")
    facts: dict[str, Fact] = {
        "state": record.state.value.encode(),
        "attempt": _number(record.attempt),
        "owner": _text(record.owner),
        "fingerprint": _text(record.fingerprint),
        "created": record.create_time,
        "remaining": record.lease_remaining,
        "effects_began": _flag(record.effects_began),
        "checkpoint": _text(record.checkpoint),
        "previous": record.previous.value.encode(),
        "since": record.in_doubt_since,
        "completed": record.complete_time,
        "expires": record.expire_time,
        "forgotten": record.forget_time,
        "result": None,
        "failure": None,
    }
    match record.outcome:
        case semel.Result() as result:
            facts.update(_result(result))
        case semel.Failure() as failure:
            facts.update(_failure(failure))
    return Answer("record", facts=facts)


def renewed(lease: timedelta) -> Answer:
    return Answer("renewed", facts={"lease": lease})


def resolved(answer: semel.Resolved) -> Answer:
    return Answer(
        "resolved",
        facts={
            "state": None if answer.state is None else answer.state.value.encode(),
            "expires": answer.expire_time,
            "already_applied": _flag(answer.already_applied),
        },
    )


def listed(page: semel.KeysPage) -> Answer:
    return Answer(
        "listed",
        facts={
            "keys": _text(",".join(each.key for each in page.keys)),
            "states": _text(",".join(each.record.state.value for each in page.keys)),
            "next": PageToken(page.next_page_token) if page.next_page_token else None,
        },
    )


def error_told(error: semel.CallError) -> Answer:
    facts: dict[str, Fact] = {
        "code": error.code.name.encode(),
        "retry": _flag(error.retry_delay is not None),
        "field": _text(",".join(wrong.field for wrong in error.field_violations)),
        **{f"meta.{name}": value.encode() for name, value in error.metadata.items()},
    }
    return Answer("error", error.reason or error.code.name, facts)


def batch_read(answers: Iterable[Any], read: Callable[[Any], Answer]) -> list[Answer]:
    return [error_told(each) if isinstance(each, semel.CallError) else read(each) for each in answers]
