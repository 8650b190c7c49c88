"""What the HTTP adapters have in common: one suite over Flask, Django and FastAPI, each on a server of its own."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

import semel
from adapters.calls import at_once, request
from adapters.shop import Gate, Shop
from adapters.sites import Site
from semel._http.requests import HttpRequest, fingerprint_of
from semeld import PATIENCE, Semeld, eventually

COUNT = 50


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
    reply = request(address, path + "-else", key='"k1"', body={"amount": 1, "currency": "EUR"})
    assert reply.problem == "fingerprint-mismatch"  # the same route, but another place
    assert (shop.effects(name), shop.effects(name + "-else")) == (1, 0)


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


def test_what_comes_over_the_wire_is_read_alike(
    site: Site, framework: str, shop: Shop, server: Semeld, client: semel.Client, name: str
) -> None:
    query, content_type, body = b"q=caf%c3%a9", b'text/plain; x="\xe9"', b"{}"
    if framework == "django":  # uvicorn refuses raw bytes here, Werkzeug's server of tests encodes them once more
        query += b"&r=\xc3\xa9\xff"
    with site(shop, {"address": server.address}, prefix=name) as address:
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), PATIENCE) as connection:
            target = f"/orders/{name}?".encode() + query
            headers = b"Host: here\r\nConnection: close\r\nIdempotency-Key: k1\r\nContent-Length: 2\r\nContent-Type: "
            connection.sendall(b"POST " + target + b" HTTP/1.1\r\n" + headers + content_type + b"\r\n\r\n" + body)
            answer = connection.makefile("rb").readline()
    route = {"flask": "/orders/<name>", "django": "orders/<name>", "asgi": "/orders/{name}"}[framework]
    record = client.lookup(semel.key_of(name, "POST", route, "k1"))
    assert record is not None, answer
    assert record.fingerprint == fingerprint_of(
        HttpRequest("POST", route, f"/orders/{name}", query, content_type, body)
    )


def test_a_key_is_required_only_where_a_route_says_so(address: str, shop: Shop, name: str) -> None:
    reply = request(address, f"/required/{name}")
    assert (reply.status, reply.problem, reply.details["header"]) == (400, "key-missing", "Idempotency-Key")
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
    assert (reply.status, reply.problem, reply.details["header"]) == (400, "key-malformed", "Idempotency-Key")
    assert shop.effects(name) == 0


def test_quotes_are_no_part_of_a_key(address: str, shop: Shop, name: str) -> None:
    replies = [request(address, f"/orders/{name}", key=key) for key in ("a\\b", '"a\\\\b"', ' "a\\\\b" ')]
    assert [reply.replayed for reply in replies] == [False, True, True]


def test_a_large_body_is_refused_and_not_compared(address: str, shop: Shop, name: str) -> None:
    reply = request(address, f"/orders/{name}", key='"k1"', body=b"x" * 1001)
    assert (reply.status, reply.problem, reply.details["limit"]) == (413, "body-too-large", 1000)
    assert shop.effects(name) == 0
    assert request(address, f"/orders/{name}", key='"k1"', body=b"x" * 1000).status == 201
    assert request(address, f"/orders/{name}", body=b"x" * 1001).status == 201


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
        reply = request(address, f"/orders/{name}", key='"k1"')
        assert (reply.problem, str(reply.details["complete_time"])[-1]) == ("expired", "Z")
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
