"""What only Flask does. What it has in common with others: http_test.py."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from werkzeug.exceptions import HTTPException

import semel
import semel.flask
from adapters.calls import WHOLE, at_once, request, sent_in_part
from adapters.processes import running
from adapters.sites import serving
from semeld import Semeld


class CardDeclined(Exception):
    pass


@pytest.fixture
def app() -> flask.Flask:
    return flask.Flask(__name__)


@pytest.fixture
def effects() -> list[str]:
    return []


@pytest.fixture
def prefix() -> str:
    """Of keys that nobody else uses: the routes of these applications are the same in each test."""
    return uuid.uuid4().hex


def serve(what: str) -> dict[str, Any]:
    if what == "declined":
        raise CardDeclined("no money")
    if what == "silent":
        raise TimeoutError
    if what in ("missing", "broken"):
        flask.abort(404 if what == "missing" else 503)
    return dict(flask.request.form) if what == "form" else {"attempt": flask.g.semel_attempt.number}


@pytest.fixture
def address(app: flask.Flask, client: semel.Client, effects: list[str], prefix: str) -> Iterator[str]:
    idempotency = semel.flask.Idempotency(client=client, prefix=prefix)
    idempotency.init_app(app)

    @app.errorhandler(CardDeclined)
    def declined(error: CardDeclined) -> tuple[dict[str, str], int]:
        return {"declined": str(error)}, 402

    @app.errorhandler(TimeoutError)
    def timed_out(error: TimeoutError) -> tuple[str, int]:
        return "try later", 409

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[dict[str, Any], int]:
        return {"refused": error.name}, error.code or 500

    @app.after_request
    def add(response: flask.Response) -> flask.Response:
        response.headers["X-After"] = "yes"
        return response

    @app.post("/<what>")
    @idempotency.required
    def view(what: str) -> Any:
        effects.append(what)
        return serve(what)

    @app.post("/options/<int:order_id>")
    @idempotency.optional(methods=["POST"], retention=60)
    async def with_options(order_id: int) -> dict[str, int]:
        effects.append("options")
        return {"order": order_id}

    with serving(app) as address:
        yield address


def test_what_error_handlers_answer_is_stored(address: str, effects: list[str]) -> None:
    for what, status in (("declined", 402), ("missing", 404)):
        first, second = (request(address, f"/{what}", key=f"k-{what}") for _ in range(2))
        assert (first.status, second.status, second.replayed) == (status, status, True)
        assert first.body == second.body
        assert second.headers["x-after"] == "yes"
    assert effects == ["declined", "missing"]


def test_an_aborted_503_is_not_stored(address: str, effects: list[str]) -> None:
    assert [request(address, "/broken", key="k1").status for _ in range(2)] == [503, 503]
    assert effects == ["broken", "broken"]


def test_a_timeout_stays_one_whatever_an_error_handler_answers(address: str, effects: list[str]) -> None:
    assert request(address, "/silent", key="k1").body == b"try later"
    assert request(address, "/silent", key="k1").problem == "in-flight"
    assert effects == ["silent"]


def test_forms_reach_the_view(address: str) -> None:
    form = "application/x-www-form-urlencoded"
    for replayed in (False, True):
        reply = request(address, "/form", key="k1", body=b"a=1&b=2", content_type=form)
        assert (reply.body.strip(), reply.replayed) == (b'{"a":"1","b":"2"}', replayed)


def test_chunked_bodies_are_compared(address: str) -> None:
    for chunks, status in (([b'{"a"', b":1}"], 200), ([b'{"a":1}'], 200), ([b'{"a":2}'], 422)):
        assert request(address, "/place", key="k1", chunks=chunks).status == status
    assert request(address, "/place", key="k2", chunks=[b"x" * 2**20, b"x"]).problem == "body-too-large"


def test_a_route_may_have_options_and_be_async(address: str, effects: list[str]) -> None:
    pytest.importorskip("asgiref")
    replies = [request(address, f"/options/{order}", key=f"k{order}") for order in (1, 1, 2)]
    assert [(reply.body.strip(), reply.replayed) for reply in replies] == [
        (b'{"order":1}', False),
        (b'{"order":1}', True),
        (b'{"order":2}', False),
    ]
    assert effects == ["options", "options"]


def test_an_exception_that_is_let_through_is_recorded_too(app: flask.Flask, client: semel.Client, key: str) -> None:
    idempotency = semel.flask.Idempotency(app, client, prefix=key)
    app.testing = True

    @app.post("/")
    @idempotency.required
    def view() -> str:
        raise ValueError("no stock")

    with pytest.raises(ValueError, match="no stock"):
        app.test_client().post("/", headers={"Idempotency-Key": "k1"})
    record = client.lookup(semel.key_of(key, "POST", "/", "k1"))
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.retryable) == ("VALUE_ERROR", True)


def test_error_pages_of_flask_are_stored(app: flask.Flask, client: semel.Client, key: str) -> None:
    idempotency = semel.flask.Idempotency(app, client, prefix=key)
    ran = []

    @app.post("/")
    @idempotency.required
    def view() -> str:
        ran.append(1)
        flask.abort(404)

    with serving(app) as address:
        first, second = (request(address, "/", key="k1") for _ in range(2))
    assert (first.status, second.status, second.replayed, len(ran)) == (404, 404, True, 1)
    assert b"Not Found" in first.body
    assert first.body == second.body


def test_what_was_read_before_cannot_be_compared(app: flask.Flask, client: semel.Client, key: str) -> None:
    idempotency = semel.flask.Idempotency(app, client, prefix=key)
    app.testing = True

    @app.before_request
    def read() -> None:
        assert flask.request.form["a"] == "1"

    @app.post("/")
    @idempotency.required
    def view() -> str:
        pytest.fail("it ran")

    with pytest.raises(semel.ConfigurationError, match="form was read before"):
        app.test_client().post("/", data={"a": "1"}, headers={"Idempotency-Key": "k1"})


def test_what_cannot_be_meant_is_told_at_once(app: flask.Flask, client: semel.Client) -> None:
    with pytest.raises(TypeError, match="wiat"):
        semel.flask.Idempotency(app, client, wiat=1)  # type: ignore[call-arg]
    with pytest.raises(semel.ConfigurationError, match="set-cookie"):
        semel.flask.Idempotency(app, client, headers=["Set-Cookie"])
    with pytest.raises(semel.ConfigurationError, match="slash"):
        semel.flask.Idempotency(app, client, leave_out=["sent_at"])
    with pytest.raises(semel.ConfigurationError, match="client"):
        semel.flask.Idempotency(app, "localhost:7420")  # type: ignore[arg-type]


def test_an_application_without_the_extension_says_so(app: flask.Flask, client: semel.Client) -> None:
    idempotency = semel.flask.Idempotency(client=client)
    app.testing = True

    @app.post("/")
    @idempotency.required
    def view() -> str:
        pytest.fail("it ran")

    with pytest.raises(semel.ConfigurationError, match="init_app"):
        app.test_client().post("/", headers={"Idempotency-Key": "k1"})


def test_a_mark_above_its_route_is_told(app: flask.Flask, client: semel.Client) -> None:
    idempotency = semel.flask.Idempotency(app, client)
    for mark in (idempotency.required, idempotency.optional(wait=1)):
        with pytest.raises(semel.ConfigurationError, match="stands above"):

            @mark  # type: ignore[operator, untyped-decorator, unused-ignore]
            @app.post("/", endpoint=uuid.uuid4().hex)
            def view() -> str:
                pytest.fail("it ran")


def test_a_body_that_is_cut_short_is_not_taken_for_a_whole_one(server: Semeld, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    effects.touch()
    environment = {"SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": "shop", "EFFECTS": str(effects)}
    name = uuid.uuid4().hex
    with running(
        "gunicorn", "--threads", "2", "--bind", "127.0.0.1:0", "flask_shop:app", environment=environment
    ) as gunicorn:
        found = re.search(r"http://(\S+)", gunicorn.await_said("Listening at"))
        assert found is not None
        assert sent_in_part(found.group(1), f"/orders/{name}", name).status == 400
        assert effects.read_text() == ""
        assert request(found.group(1), f"/orders/{name}", key=name, body=WHOLE).status == 201
    assert len(effects.read_text().splitlines()) == 1


def test_gunicorn_with_two_processes_has_one_effect(server: Semeld, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    effects.touch()
    environment = {"SEMEL_ADDRESS": server.address, "SEMEL_NAMESPACE": "shop", "EFFECTS": str(effects)}
    serving = ("gunicorn", "--preload", "--workers", "2", "--threads", "30", "--bind", "127.0.0.1:0", "flask_shop:app")
    with running(*serving, environment=environment) as gunicorn:
        found = re.search(r"http://(\S+)", gunicorn.await_said("Listening at"))
        assert found is not None
        name = uuid.uuid4().hex
        replies = at_once(50, lambda: request(found.group(1), f"/orders/{name}", key='"k1"'))
        gunicorn.signal(15)
        gunicorn.wait()
    assert {reply.status for reply in replies} == {201}, gunicorn.said
    assert len({reply.body for reply in replies}) == 1
    assert len(effects.read_text().splitlines()) == 1


def test_a_query_is_read_as_it_came(app: flask.Flask) -> None:
    raw = b"q=caf\xc3\xa9\xff"
    with app.test_request_context("/", environ_overrides={"QUERY_STRING": raw.decode("latin-1")}):
        assert semel.flask._read(flask.request).query == raw
