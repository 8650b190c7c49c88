"""What goes wrong under the HTTP adapters: one suite over Flask, Django and FastAPI, each on a server of its own."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

import semel
from adapters.calls import request
from adapters.shop import Answer, Shop, place
from adapters.sites import Site
from semeld import PATIENCE, Semeld, eventually


def raising(error: BaseException) -> Callable[[Any, bytes], Answer]:
    def work(attempt: Any, body: bytes) -> Answer:
        raise error

    return work


def answering(answer: Answer) -> Callable[[Any, bytes], Answer]:
    return lambda attempt, body: answer


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 501, 503, 507])
def test_what_speaks_of_the_moment_or_the_asker_is_not_stored(
    address: str, shop: Shop, name: str, client: semel.Client, status: int
) -> None:
    attempts: list[tuple[int, semel.Previous]] = []
    keys: list[str] = []

    def work(attempt: Any, body: bytes) -> Answer:
        attempts.append((attempt.number, attempt.previous))
        keys.append(attempt.key)
        return Answer(status if len(attempts) == 1 else 201, body=b"{}")

    shop.on(name, work)
    first = request(address, f"/orders/{name}", key='"k1"')
    assert (first.status, first.headers.get("idempotency-recorded")) == (status, None)
    record = client.lookup(keys[0])
    assert record is not None
    assert isinstance(record.outcome, semel.Failure)
    assert (record.outcome.reason, record.outcome.retryable) == (f"HTTP_{status}", True)
    replies = [request(address, f"/orders/{name}", key='"k1"') for _ in range(2)]
    assert [(reply.status, reply.replayed) for reply in replies] == [(201, False), (201, True)]
    assert attempts == [(1, semel.Previous.NONE), (2, semel.Previous.FAILED)]


@pytest.mark.parametrize("status", [502, 504])
def test_what_stood_behind_may_have_done_it(site: Site, shop: Shop, server: Semeld, name: str, status: int) -> None:
    previous: list[semel.Previous] = []

    def work(attempt: Any, body: bytes) -> Answer:
        previous.append(attempt.previous)
        return Answer(status if len(previous) == 1 else 201, body=b"{}")

    shop.on(name, work)
    with site(shop, {"address": server.address}, lease=0.5, wait=PATIENCE) as address:
        first = request(address, f"/orders/{name}", key='"k1"')
        assert (first.status, first.headers["idempotency-recorded"]) == (status, "false")
        assert request(address, f"/orders/{name}", key='"k1"').status == 201
    assert previous == [semel.Previous.NONE, semel.Previous.ABANDONED]


@pytest.mark.parametrize("status", [200, 303, 400, 404, 409, 410, 422])
def test_everything_below_is_stored(address: str, shop: Shop, name: str, status: int) -> None:
    shop.on(name, lambda attempt, body: Answer(status, b"{}"))
    replies = [request(address, f"/orders/{name}", key='"k1"') for _ in range(2)]
    assert [(reply.status, reply.replayed) for reply in replies] == [(status, False), (status, True)]
    assert shop.effects(name) == 1


def test_one_function_replaces_the_whole_rule(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    said: dict[int, bool | semel.Verdict] = {503: True, 404: False, 201: semel.Unknown()}
    with site(shop, {"address": server.address}, store_status=said.__getitem__) as address:
        for status, again in ((503, "replayed"), (404, "runs"), (201, "in-flight")):
            handler = f"{name}-{status}"
            shop.on(handler, answering(Answer(status, b"{}")))
            assert request(address, f"/orders/{handler}", key=f'"k{status}"').status == status
            reply = request(address, f"/orders/{handler}", key=f'"k{status}"')
            if again == "in-flight":
                assert reply.problem == "in-flight"
            else:
                assert (reply.status, reply.replayed) == (status, again == "replayed")
            assert shop.effects(handler) == (2 if again == "runs" else 1)


def test_refusals_of_the_handler_are_stored(address: str, shop: Shop, name: str) -> None:
    shop.on(name, lambda attempt, body: Answer(402, b'{"why": "no money"}', content_type="application/problem+json"))
    replies = [request(address, f"/orders/{name}", key='"k1"') for _ in range(2)]
    assert [(reply.status, reply.replayed) for reply in replies] == [(402, False), (402, True)]
    assert replies[1].body == b'{"why": "no money"}'
    assert shop.effects(name) == 1


def test_after_an_exception_the_next_request_runs(address: str, shop: Shop, name: str) -> None:
    shop.on(name, raising(ValueError("no stock")))
    assert request(address, f"/orders/{name}", key='"k1"').status == 500
    shop.on(name, place)
    assert request(address, f"/orders/{name}", key='"k1"').status == 201
    assert shop.effects(name) == 2


def test_a_final_failure_is_told_to_all_others(address: str, shop: Shop, name: str) -> None:
    shop.on(name, raising(semel.Final("STOLEN", "call the bank")))
    assert request(address, f"/orders/{name}", key='"k1"').status == 500
    reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem, "retry-after" in reply.headers) == (500, "failed", False)
    assert reply.details["reason"] == "STOLEN"
    assert b"call the bank" not in reply.body
    assert shop.effects(name) == 1


def test_a_failure_may_hold_back_the_next_request(address: str, shop: Shop, name: str) -> None:
    shop.on(name, raising(semel.Retryable("BUSY", retry_after=60)))
    assert request(address, f"/orders/{name}", key='"k1"').status == 500
    reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem, reply.details["reason"]) == (503, "failed", "BUSY")
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert reply.details["retry_after"] == int(reply.headers["retry-after"])
    assert shop.effects(name) == 1


def test_a_timeout_leaves_it_open(address: str, shop: Shop, name: str) -> None:
    shop.on(name, raising(TimeoutError("the bank did not answer")))
    assert request(address, f"/orders/{name}", key='"k1"').status == 500
    assert request(address, f"/orders/{name}", key='"k1"').problem == "in-flight"
    assert shop.effects(name) == 1


def test_after_effects_began_a_failure_leaves_a_doubt(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    shop.declares_effects.add(name)
    shop.on(name, lambda attempt, body: Answer(500, b"{}"))
    with site(shop, {"address": server.address}, lease=0.3, wait=PATIENCE) as address:
        first = request(address, f"/orders/{name}", key='"k1"')
        assert (first.status, first.headers["idempotency-recorded"]) == (500, "false")
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem, "retry-after" in reply.headers) == (409, "in-doubt", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(reply.details["since"]))
    assert shop.effects(name) == 1


def test_a_large_response_goes_out_and_is_not_kept(address: str, shop: Shop, name: str) -> None:
    shop.on(name, lambda attempt, body: Answer(202, b"x" * 20_000, {"Location": "/orders/1"}))
    first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (first.status, len(first.body)) == (202, 20_000)
    assert (second.status, second.body, second.headers["location"]) == (202, b"", "/orders/1")
    assert (second.headers["idempotency-body-omitted"], second.replayed) == ("true", True)
    assert shop.effects(name) == 1


def test_how_a_body_is_encoded_is_stored_with_it(address: str, shop: Shop, name: str) -> None:
    for size, kept in ((100, True), (20_000, False)):
        handler = f"{name}-{size}"
        shop.on(handler, answering(Answer(200, b"z" * size, {"Content-Encoding": "x-of-a-test"})))
        first, second = (request(address, f"/orders/{handler}", key=f'"k{size}"') for _ in range(2))
        assert first.headers["content-encoding"] == "x-of-a-test"
        assert (second.replayed, "idempotency-body-omitted" in second.headers) == (True, not kept)
        assert second.headers.get("content-encoding") == ("x-of-a-test" if kept else None)


@pytest.mark.parametrize(
    "body", [b'{"cents": 9007199254740993, "sent_at": 1}', b'{"cents": 1, "cents": 1, "sent_at": 1}', b'{"sent_at": 1']
)
def test_what_cannot_be_left_out_is_told(
    address: str, name: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "semel"):
        assert request(address, f"/orders/{name}", key='"k1"', body=body).status == 201
    assert caplog.text.count("leave_out has no effect") == 1
    assert (
        request(address, f"/orders/{name}", key='"k1"', body=body.replace(b'sent_at": 1', b'sent_at": 2')).status == 422
    )


def test_a_long_header_is_left_out(address: str, shop: Shop, name: str, caplog: pytest.LogCaptureFixture) -> None:
    shop.on(name, lambda attempt, body: Answer(201, b"body", {"Location": "/" + "x" * 300, "ETag": '"7"'}))
    with caplog.at_level(logging.WARNING, "semel"):
        first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (len(first.headers["location"]), "location" in second.headers) == (301, False)
    assert (second.body, second.headers["etag"]) == (b"body", '"7"')
    assert "location" in caplog.text


def test_a_stream_is_refused_and_left_open(
    address: str, shop: Shop, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its generator may be what has the effect, and does not run."""
    shop.on(name, lambda attempt, body: Answer(200, b"endless", streamed=True))
    first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (first.status, first.problem, first.headers["idempotency-recorded"]) == (500, "streaming", "false")
    assert "carried out" not in str(first.details)
    assert (second.status, second.problem) == (409, "in-flight")
    assert shop.effects(name) == 1
    assert "streamed" in caplog.text
    assert request(address, f"/orders/{name}").body == b"endless"


def test_the_status_of_a_stream_is_judged_as_any_other(address: str, shop: Shop, name: str) -> None:
    shop.on(name, lambda attempt, body: Answer(503, b"endless", streamed=True))
    replies = [request(address, f"/orders/{name}", key='"k1"') for _ in range(2)]
    assert [(reply.status, reply.problem) for reply in replies] == [(500, "streaming")] * 2
    assert shop.effects(name) == 2


def test_without_semel_nothing_runs(site: Site, shop: Shop, own_server: Semeld, name: str) -> None:
    with site(shop, {"address": own_server.address, "call_timeout": 0.2}) as address:
        own_server.kill()
        reply = request(address, f"/orders/{name}", key='"k1"')
        assert (reply.status, reply.problem, reply.headers["retry-after"]) == (503, "unavailable", "1")
        assert shop.effects(name) == 0
        assert request(address, f"/orders/{name}").status == 201


def test_what_cannot_be_recorded_goes_out_marked(
    site: Site, shop: Shop, own_server: Semeld, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(attempt: Any, body: bytes) -> Answer:
        own_server.kill()
        return place(attempt, body)

    shop.on(name, work)
    with site(shop, {"address": own_server.address, "complete_timeout": 0.2}) as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.headers["idempotency-recorded"]) == (201, "false")
    assert "not known to be recorded" in caplog.text


def test_a_response_whose_lease_was_lost_goes_out_marked(
    address: str,
    shop: Shop,
    client: semel.Client,
    admin: semel.AdminClient,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work(attempt: Any, body: bytes) -> Answer:
        admin.delete_key(attempt.key, reason="test", actor="test")
        taken = client.begin(attempt.key, owner="another", lease=60)
        assert isinstance(taken, semel.Acquired)
        assert taken.token > attempt.token
        return place(attempt, body)

    shop.on(name, work)
    reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.headers["idempotency-recorded"]) == (201, "false")
    assert "not known to be recorded" in caplog.text
    assert request(address, f"/orders/{name}", key='"k1"').problem == "in-flight"
    assert shop.effects(name) == 1


def test_after_the_lease_went_by_a_failure_says_nothing(
    site: Site, framework: str, shop: Shop, own_server: Semeld, name: str
) -> None:
    """Nobody took over, so a report would be taken: but a handler that was told to stop may have stopped half way."""
    previous: list[semel.Previous] = []

    def work(attempt: Any, body: bytes) -> Answer:
        previous.append(attempt.previous)
        if len(previous) == 1:
            own_server.pause()
            assert eventually(lambda: attempt.lost)
            own_server.resume()
        return Answer(503, b"{}")

    shop.on(name, work)
    with site(shop, {"address": own_server.address}, lease=0.3, wait=PATIENCE) as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
        if framework == "asgi":  # it is cancelled there
            assert reply.problem == "not-recorded"
        else:
            assert (reply.status, reply.headers["idempotency-recorded"]) == (503, "false")
        assert request(address, f"/orders/{name}", key='"k1"').status == 503
    assert previous == [semel.Previous.NONE, semel.Previous.ABANDONED]


def test_what_semel_refuses_is_a_mistake_of_the_server(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    with site(shop, {"address": server.address}, namespace="No Such Name") as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem) == (500, "refused")
    assert shop.effects(name) == 0


def test_what_no_key_can_be_made_of_is_a_mistake_of_the_server(
    site: Site, shop: Shop, server: Semeld, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with site(shop, {"address": server.address}, scope=lambda native: [""]) as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem) == (500, "refused")
    assert "has no key" in caplog.text
    assert shop.effects(name) == 0


def test_a_failure_that_cannot_be_recorded_goes_out_marked(
    site: Site, shop: Shop, own_server: Semeld, name: str
) -> None:
    def work(attempt: Any, body: bytes) -> Answer:
        own_server.kill()
        return Answer(503, b"{}")

    shop.on(name, work)
    with site(shop, {"address": own_server.address, "complete_timeout": 0.2}) as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.headers["idempotency-recorded"]) == (503, "false")
