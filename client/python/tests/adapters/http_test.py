"""What the HTTP adapters have in common: one suite over Flask, Django and FastAPI, each on its own server, against a real semeld."""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import semel
from adapters.calls import at_once, request
from adapters.shop import Answer, Gate, Shop, place
from adapters.sites import SITES, Site
from semeld import PATIENCE, Semeld, eventually

COUNT = 50


@pytest.fixture(params=sorted(SITES))
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(framework: str) -> Site:
    """With keys that no other test uses: the routes are the same in each."""
    return functools.partial(SITES[framework], prefix=uuid.uuid4().hex)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def address(site: Site, shop: Shop, server: Semeld) -> Iterator[str]:
    with site(shop, {"address": server.address}, leave_out=["/sent_at"], max_body=1000) as address:
        yield address


@pytest.fixture
def name() -> str:
    """Of a handler, and so of a path, that nobody else uses."""
    return f"n{uuid.uuid4().hex}"


def raising(error: BaseException) -> Callable[[Any, bytes], Answer]:
    def work(attempt: Any, body: bytes) -> Answer:
        raise error

    return work


def test_runs_once_and_replays(address: str, shop: Shop, name: str) -> None:
    first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert b"null" not in first.body
    assert (first.replayed, second.replayed) == (False, True)
    assert shop.effects(name) == 1
    for reply in (first, second):
        assert reply.headers["location"] == "/orders/17"
        assert reply.headers["content-type"] == "application/json"
    assert (first.headers["x-other"], second.headers.get("x-other")) == ("1", None)
    assert ("set-cookie" in first.headers, "set-cookie" in second.headers) == (True, False)


def test_fifty_duplicates_at_once_have_one_effect(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    with site(shop, {"address": server.address}, wait=PATIENCE) as address:
        replies = at_once(COUNT, lambda: request(address, f"/orders/{name}", key='"k1"'))
    assert {reply.status for reply in replies} == {201}, replies
    assert shop.effects(name) == 1
    assert len({reply.body for reply in replies}) == 1
    assert sum(not reply.replayed for reply in replies) == 1


def test_fifty_that_do_not_wait_have_one_effect(address: str, shop: Shop, name: str) -> None:
    gate = Gate()
    shop.on(name, gate)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(request, address, f"/orders/{name}", key='"k1"')
        gate.await_entered()
        replies = at_once(COUNT - 1, lambda: request(address, f"/orders/{name}", key='"k1"'))
        gate.open()
        assert first.result(PATIENCE).status == 201
    assert {(reply.status, reply.problem) for reply in replies} == {(409, "in-flight")}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies)
    assert shop.effects(name) == 1
    assert request(address, f"/orders/{name}", key='"k1"').replayed


def test_the_key_stands_for_one_request(address: str, shop: Shop, name: str) -> None:
    path = f"/orders/{name}"
    assert request(address, path, key='"k1"', body={"amount": 1, "currency": "EUR", "sent_at": 1}).status == 201
    # Neither the order of names, nor the spelling of numbers, nor what is left out, makes another request.
    again = request(address, path, key='"k1"', body=b'{ "sent_at":2, "currency":"EUR", "amount":1.0 }')
    assert again.replayed
    for other in ({"amount": 2, "currency": "EUR"}, b"amount=1"):
        reply = request(address, path, key='"k1"', body=other)
        assert (reply.status, reply.problem) == (422, "fingerprint-mismatch")
    reply = request(address, path + "?really=1", key='"k1"', body={"amount": 1, "currency": "EUR"})
    assert reply.problem == "fingerprint-mismatch"
    assert shop.effects(name) == 1


def test_bodies_that_are_no_json_count_byte_by_byte(address: str, shop: Shop, name: str) -> None:
    form = "application/x-www-form-urlencoded"
    bodies = [b"a=1&b=2", b"a=1&b=2", b"b=2&a=1"]
    replies = [request(address, f"/orders/{name}", key="k1", body=body, content_type=form) for body in bodies]
    assert [reply.status for reply in replies] == [201, 201, 422]
    twice = [
        request(address, f"/orders/{name}", key="k2", body=body).status
        for body in (b'{"a":1,"a":2}', b'{"a":1,"a":2}', b'{"a":2}', b'{"a":18446744073709551617}')
    ]
    assert twice == [201, 201, 422, 422]


def test_a_key_is_required_only_where_a_route_says_so(address: str, shop: Shop, name: str) -> None:
    reply = request(address, f"/required/{name}")
    assert (reply.status, reply.problem) == (400, "key-missing")
    assert shop.effects(name) == 0
    for _ in range(2):
        reply = request(address, f"/orders/{name}")
        assert (reply.status, reply.body) == (201, b'{"token": null}')
    assert shop.effects(name) == 2
    assert request(address, f"/required/{name}", key="k1").status == 201
    assert request(address, f"/required/{name}", key="k1").replayed


def test_where_keys_are_off_and_in_other_methods_the_header_means_nothing(address: str, shop: Shop, name: str) -> None:
    for _ in range(2):
        assert request(address, f"/off/{name}", key='"k1"').body == b'{"token": null}'
        assert request(address, f"/required/{name}", key='"k1"', method="GET").body == b'{"token": null}'
    assert shop.effects(name) == 4


@pytest.mark.parametrize("key", ['""', "", '"half', "two words", "a,b", '"a", "b"', '"a";v=1', '"ä"', '"\\a"'])
def test_what_is_no_key_is_refused(address: str, shop: Shop, name: str, key: str) -> None:
    reply = request(address, f"/orders/{name}", key=key)
    # Some servers drop an empty header: then there is none.
    if key == "" and reply.status == 201:
        pytest.skip("the server drops empty headers")
    assert (reply.status, reply.problem) == (400, "key-malformed")
    assert shop.effects(name) == 0


def test_two_keys_are_refused(address: str, shop: Shop, name: str) -> None:
    reply = request(address, f"/orders/{name}", key='"k1"', headers=[("Idempotency-Key", '"k2"')])
    assert (reply.status, reply.problem) == (400, "key-malformed")
    assert shop.effects(name) == 0


def test_quotes_are_no_part_of_a_key(address: str, shop: Shop, name: str) -> None:
    replies = [request(address, f"/orders/{name}", key=key) for key in ("a\\b", '"a\\\\b"', ' "a\\\\b" ')]
    assert [reply.replayed for reply in replies] == [False, True, True]


def test_a_large_body_is_refused_and_not_compared(address: str, shop: Shop, name: str) -> None:
    reply = request(address, f"/orders/{name}", key='"k1"', body=b"x" * 1001)
    assert (reply.status, reply.problem) == (413, "body-too-large")
    assert shop.effects(name) == 0
    assert request(address, f"/orders/{name}", key='"k1"', body=b"x" * 1000).status == 201
    assert request(address, f"/orders/{name}", body=b"x" * 1001).status == 201


def test_failures_of_the_server_are_not_stored(address: str, shop: Shop, name: str) -> None:
    attempts: list[tuple[int, semel.Previous]] = []

    def work(attempt: Any, body: bytes) -> Answer:
        attempts.append((attempt.number, attempt.previous))
        return Answer(503 if len(attempts) == 1 else 201, body=b"{}")

    shop.on(name, work)
    replies = [request(address, f"/orders/{name}", key='"k1"') for _ in range(3)]
    assert [(reply.status, reply.replayed) for reply in replies] == [(503, False), (201, False), (201, True)]
    assert attempts == [(1, semel.Previous.NONE), (2, semel.Previous.FAILED)]


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
    assert shop.effects(name) == 1


def test_a_failure_may_hold_back_the_next_request(address: str, shop: Shop, name: str) -> None:
    shop.on(name, raising(semel.Retryable("BUSY", retry_after=60)))
    assert request(address, f"/orders/{name}", key='"k1"').status == 500
    reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem) == (503, "failed")
    assert 1 <= int(reply.headers["retry-after"]) <= 60
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
        assert request(address, f"/orders/{name}", key='"k1"').status == 500
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem, "retry-after" in reply.headers) == (409, "in-doubt", False)
    assert shop.effects(name) == 1


def test_a_status_may_say_that_nobody_knows(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    def policy(status: int) -> bool | semel.Verdict:
        return semel.Unknown() if status == 504 else status < 500

    shop.on(name, lambda attempt, body: Answer(504, b"{}"))
    with site(shop, {"address": server.address}, store_status=policy) as address:
        assert request(address, f"/orders/{name}", key='"k1"').status == 504
        assert request(address, f"/orders/{name}", key='"k1"').problem == "in-flight"


def test_a_large_response_goes_out_and_is_not_kept(address: str, shop: Shop, name: str) -> None:
    shop.on(name, lambda attempt, body: Answer(202, b"x" * 20_000, {"Location": "/orders/1"}))
    first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (first.status, len(first.body)) == (202, 20_000)
    assert (second.status, second.body, second.headers["location"]) == (202, b"", "/orders/1")
    assert (second.headers["idempotency-body-omitted"], second.replayed) == ("true", True)
    assert shop.effects(name) == 1


def test_a_long_header_is_left_out(address: str, shop: Shop, name: str, caplog: pytest.LogCaptureFixture) -> None:
    shop.on(name, lambda attempt, body: Answer(201, b"body", {"Location": "/" + "x" * 300, "ETag": '"7"'}))
    with caplog.at_level(logging.WARNING, "semel"):
        first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (len(first.headers["location"]), "location" in second.headers) == (301, False)
    assert (second.body, second.headers["etag"]) == (b"body", '"7"')
    assert "location" in caplog.text


def test_a_stream_is_refused_after_its_effect_is_recorded(
    address: str, shop: Shop, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.on(name, lambda attempt, body: Answer(200, b"endless", streamed=True))
    first, second = (request(address, f"/orders/{name}", key='"k1"') for _ in range(2))
    assert (first.status, first.problem) == (500, "streaming")
    assert (second.status, second.body, second.headers["idempotency-body-omitted"]) == (200, b"", "true")
    assert shop.effects(name) == 1
    assert "streamed" in caplog.text
    assert request(address, f"/orders/{name}").body == b"endless"


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


def test_what_semel_refuses_is_a_mistake_of_the_server(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    with site(shop, {"address": server.address}, namespace="No Such Name") as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem) == (500, "refused")
    assert shop.effects(name) == 0


def test_users_do_not_see_each_other(address: str, shop: Shop, name: str) -> None:
    users = [("ann", False), ("bob", False), ("ann", True)]
    for user, replayed in users:
        reply = request(address, f"/orders/{name}", key='"k1"', headers=[("X-User", user)])
        assert (reply.status, reply.replayed) == (201, replayed)
    assert shop.effects(name) == 2


def test_long_after_it_is_gone(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    with site(shop, {"address": server.address}, retention=0.001) as address:
        request(address, f"/orders/{name}", key='"k1"')
        assert eventually(lambda: request(address, f"/orders/{name}", key='"k1"').status == 410)
        assert request(address, f"/orders/{name}", key='"k1"').problem == "expired"
    assert shop.effects(name) == 1


def test_the_header_may_have_another_name(site: Site, shop: Shop, server: Semeld, name: str) -> None:
    with site(shop, {"address": server.address}, header="X-CloudTasks-TaskName") as address:
        for replayed in (False, True):
            reply = request(address, f"/required/{name}", headers=[("X-CloudTasks-TaskName", "task-17_a")])
            assert (reply.status, reply.replayed) == (201, replayed)


def test_something_else_under_the_key_is_not_taken_for_a_response(
    site: Site, framework: str, shop: Shop, server: Semeld, client: semel.Client, name: str
) -> None:
    route = {"flask": "/orders/<name>", "django": "orders/<name>", "asgi": "/orders/{name}"}[framework]
    client.run(semel.key_of(name, "POST", route, "k1"), lambda attempt: "no response", fingerprint=b"same")
    with site(shop, {"address": server.address}, fingerprint=lambda native: b"same", prefix=name) as address:
        reply = request(address, f"/orders/{name}", key='"k1"')
    assert (reply.status, reply.problem) == (500, "response-not-kept")
    assert shop.effects(name) == 0
