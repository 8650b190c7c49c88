"""Between the words of a transcript and the client's own calls and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import semel
from conformance.answers import Answer, Names
from conformance.read import (
    batch_read,
    begun,
    completed,
    error_told,
    listed,
    looked_up,
    renewed,
    resolved,
)
from conformance.scenario import Call, Fields, Value
from conformance.words import parse_duration


class NotSayable(Exception):
    """The transcript names a field that the call does not have, or a value that is not one."""


@dataclass
class Reply:
    answer: Answer
    items: list[Answer] = field(default_factory=list)  # of a batch


@dataclass(frozen=True)
class Planned:
    """A call of a client: the blocking one and the one of asyncio have the same names."""

    admin: bool
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    read: Callable[[Any], Reply]


def planned(call: Call, names: Names, fresh_id: Callable[[], bytes]) -> Planned:
    """What the client is asked to do. Raises NotSayable."""
    say = _Saying(names, fresh_id, call.who)
    if call.batch:
        make, read = _BATCHES[call.verb]
        requests = [make(say, item.key, say.fields(call.fields + item.fields)) for item in call.items]
        return Planned(
            False,
            f"batch_{call.verb}",
            (requests,),
            {},
            lambda answers: Reply(Answer("answers"), batch_read(answers, read)),
        )
    return _SINGLE[call.verb](say, call.key, say.fields(call.fields))


def refused(error: semel.CallError) -> Reply:
    return Reply(error_told(error))


class _Saying:
    """Reads the fields of one call or item."""

    def __init__(self, names: Names, fresh_id: Callable[[], bytes], who: str) -> None:
        self.names = names
        self.fresh_id = fresh_id
        self.who = who

    def fields(self, fields: Fields) -> dict[str, Value]:
        return {each.name: each.value for each in fields}

    def attempt_id(self, value: Value | None) -> bytes:
        """A word stands for 16 bytes, the same word for the same bytes; in quotes it stands for itself."""
        if value is None:
            return self.fresh_id()
        return value.data if value.quoted else value.data[:16].ljust(16, b".")

    def token(self, value: Value | None) -> int:
        if value is None:
            return 0
        named = self.names.tokens.get(value.text)
        return int(value.text) if named is None else named

    def page(self, value: Value | None) -> str:
        return "" if value is None else self.names.pages[value.text]


def _span(value: Value | None) -> timedelta | None:
    if value is None:
        return None
    micros = parse_duration(value.text)
    if micros is None:
        raise NotSayable(f"not a duration: {value.text}")
    return timedelta(microseconds=micros)


def _yes(value: Value | None) -> bool:
    if value is not None and value.text not in ("yes", "no"):
        raise NotSayable(f"neither yes nor no: {value.text}")
    return value is not None and value.text == "yes"


def _text(value: Value | None, otherwise: str = "") -> str:
    return otherwise if value is None else value.text


def _data(value: Value | None) -> bytes:
    return b"" if value is None else value.data


def _none_left(given: dict[str, Value]) -> None:
    if given:
        raise NotSayable(f"the call has no field {next(iter(given))}")


# ---- requests -----------------------------------------------------------------------------------------------------------


def _namespace(given: dict[str, Value]) -> str | None:
    value = given.pop("ns", None)
    return None if value is None else value.text


def _begin_request(say: _Saying, key: str, given: dict[str, Value]) -> semel.BeginRequest:
    request = semel.BeginRequest(
        key,
        fingerprint=_data(given.pop("fingerprint", None)),
        attempt_id=say.attempt_id(given.pop("id", None)),
        lease=_span(given.pop("lease", None)),
        wait=_span(given.pop("wait", None)) or 0.0,
        owner=_text(given.pop("owner", None), say.who),
        namespace=_namespace(given),
    )
    _none_left(given)
    return request


def _begin(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    request = _begin_request(say, key, given)
    options = {name: getattr(request, name) for name in request.__slots__ if name != "key"}
    return Planned(False, "begin", (key,), options, lambda answer: Reply(begun(answer)))


def _report(given: dict[str, Value]) -> semel.Report | None:
    """None where the transcript names no outcome: that is for the server to refuse."""
    attributes = {
        name.removeprefix("attribute."): given.pop(name).text for name in list(given) if name.startswith("attribute.")
    }
    if "failure" in given:
        return semel.Failure(
            given.pop("failure").text,
            _text(given.pop("message", None)),
            _data(given.pop("details", None)),
            _yes(given.pop("retryable", None)),
            _span(given.pop("retry_after", None)),
        )
    if attributes or given.keys() & {"result", "content_type", "omitted"}:
        return semel.Result(
            _data(given.pop("result", None)),
            _text(given.pop("content_type", None)),
            attributes,
            _yes(given.pop("omitted", None)),
        )
    return None


def _complete_request(say: _Saying, key: str, given: dict[str, Value]) -> semel.CompleteRequest:
    outcome: Any = _report(given)
    request = semel.CompleteRequest(
        key,
        say.token(given.pop("token", None)),
        outcome,
        _span(given.pop("retention", None)),
        _namespace(given),
    )
    _none_left(given)
    return request


def _complete(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    request = _complete_request(say, key, given)
    options = {"retention": request.retention, "namespace": request.namespace}
    arguments = (key, request.token, request.outcome)
    return Planned(False, "complete", arguments, options, lambda answer: Reply(completed(answer)))


def _renew_request(say: _Saying, key: str, given: dict[str, Value]) -> semel.RenewRequest:
    request = semel.RenewRequest(
        key, say.token(given.pop("token", None)), _span(given.pop("lease", None)), _namespace(given)
    )
    _none_left(given)
    return request


def _renew(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    request = _renew_request(say, key, given)
    options = {"lease": request.lease, "namespace": request.namespace}
    return Planned(False, "renew", (key, request.token), options, lambda answer: Reply(renewed(answer)))


def _lookup(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    options = {"namespace": _namespace(given)}
    _none_left(given)
    return Planned(False, "lookup", (key,), options, lambda answer: Reply(looked_up(answer)))


def _release(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    token, options = say.token(given.pop("token", None)), {"namespace": _namespace(given)}
    _none_left(given)
    return Planned(False, "release", (key, token), options, lambda _: Reply(Answer("released")))


def _checkpoint(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    token, data = say.token(given.pop("token", None)), _data(given.pop("data", None))
    options = {"effects_began": _yes(given.pop("effects_began", None)), "namespace": _namespace(given)}
    _none_left(given)

    def read(remaining: timedelta) -> Reply:
        return Reply(Answer("checkpointed", facts={"remaining": remaining}))

    return Planned(False, "checkpoint", (key, token, data), options, read)


def _audited(say: _Saying, given: dict[str, Value]) -> dict[str, Any]:
    return {"namespace": _namespace(given), "actor": say.who, "reason": "as the transcript says"}


def _resolve(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    options = _audited(say, given)
    options["attempt"] = int(_text(given.pop("attempt", None), "0"))
    options["retention"] = _span(given.pop("retention", None))
    resolution = semel.Absent() if _yes(given.pop("absent", None)) else _report(given)
    _none_left(given)
    return Planned(True, "resolve_key", (key, resolution), options, lambda answer: Reply(resolved(answer)))


def _delete(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    options = _audited(say, given)
    _none_left(given)

    def read(state: semel.State) -> Reply:
        return Reply(Answer("deleted", facts={"state": state.value.encode()}))

    return Planned(True, "delete_key", (key,), options, read)


def _list(say: _Saying, key: str, given: dict[str, Value]) -> Planned:
    state = given.pop("state", None)
    options = {
        "namespace": _namespace(given),
        "prefix": _text(given.pop("prefix", None)),
        "state": None if state is None else semel.State(state.text),
        "page_size": int(_text(given.pop("page_size", None), "100")),
        "page_token": say.page(given.pop("page", None)),
    }
    _none_left(given)
    return Planned(True, "list_keys", (), options, lambda answer: Reply(listed(answer)))


_SINGLE: dict[str, Callable[[_Saying, str, dict[str, Value]], Planned]] = {
    "begin": _begin,
    "complete": _complete,
    "lookup": _lookup,
    "renew": _renew,
    "release": _release,
    "checkpoint": _checkpoint,
    "resolve": _resolve,
    "delete": _delete,
    "list": _list,
}

_BATCHES: dict[str, tuple[Callable[[_Saying, str, dict[str, Value]], Any], Callable[[Any], Answer]]] = {
    "begin": (_begin_request, begun),
    "complete": (_complete_request, completed),
    "renew": (_renew_request, renewed),
}
