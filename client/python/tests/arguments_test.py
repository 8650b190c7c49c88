"""What is passed wrongly is said in words that tell what to pass, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import semel
import semel.aio

NAN = float("nan")
INFINITE = float("inf")


def never(attempt: semel.Attempt) -> None:
    pytest.fail("it ran")


@pytest.mark.parametrize("key", [17, None, b"order/17"], ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda client, key: client.run(key, never),
        lambda client, key: client.begin(key),
        lambda client, key: client.lookup(key),
        lambda client, key: client.renew(key, 1),
        lambda client, key: client.release(key, 1),
        lambda client, key: client.complete(key, 1, semel.Result()),
        lambda client, key: client.checkpoint(key, 1, b""),
    ],
)
def test_a_key_is_text(client: semel.Client, call: Callable[[semel.Client, Any], object], key: Any) -> None:
    with pytest.raises(TypeError, match=r"a key is text, and not .*key_of"):
        call(client, key)
    with pytest.raises(semel.KeyPartError, match="surrogate"):
        call(client, "\ud800")


def test_of_a_batch_only_the_wrong_item_is_refused(client: semel.Client, key: str) -> None:
    wrong = [semel.BeginRequest("\ud800"), semel.BeginRequest(key, lease=NAN)]
    *refused, begun = client.batch_begin([*wrong, semel.BeginRequest(key)])
    assert [type(answer) for answer in refused] == [semel.InvalidRequest] * 2
    assert isinstance(begun, semel.Acquired)
    number: Any = 17
    with pytest.raises(TypeError, match="a key is text"):
        client.batch_begin([semel.BeginRequest(number)])


@pytest.mark.parametrize("wrong", ["5", NAN, INFINITE, True, -INFINITE, 1e300, 10**400], ids=repr)
@pytest.mark.parametrize("name", ["wait", "lease", "retention"])
def test_a_length_of_time_is_a_number(client: semel.Client, key: str, name: str, wrong: Any) -> None:
    with pytest.raises(semel.ConfigurationError, match=f"{name} is a timedelta or a finite number of seconds"):
        client.run(key, never, **{name: wrong})
    assert client.lookup(key) is None


def test_a_batch_begins_nothing_for_a_retention_that_is_none(client: semel.Client, key: str) -> None:
    with pytest.raises(semel.ConfigurationError, match="retention"):
        client.batch_attempt([semel.BeginRequest(key)], retention=NAN)
    assert client.lookup(key) is None


def test_a_timeout_is_a_number(client: semel.Client, key: str) -> None:
    wrong: Any = "5"
    with pytest.raises(semel.ConfigurationError, match="timeout"):
        client.lookup(key, timeout=wrong)
    for nothing in (wrong, NAN, True):
        with pytest.raises(semel.ConfigurationError, match="timeout"):
            client.batch_begin([semel.BeginRequest(key)], timeout=nothing)
    assert client.lookup(key) is None


@pytest.mark.parametrize(("name", "wrong"), [("codec", "json"), ("on_error", 5)])
def test_a_run_says_what_it_takes(client: semel.Client, key: str, name: str, wrong: Any) -> None:
    given: dict[str, Any] = {name: wrong}
    with pytest.raises(semel.ConfigurationError, match=name):
        client.run(key, never, **given)
    assert client.lookup(key) is None


@pytest.mark.parametrize("kind", [semel.Client, semel.aio.Client, semel.AdminClient])
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("codec", "json"),
        ("on_error", 5),
        ("tls", True),
        ("retry", 5),
        ("lease", "5"),
        ("lease", INFINITE),
        ("call_timeout", "5"),
        ("try_timeout", NAN),
        ("namespace", 5),
    ],
)
def test_a_client_says_what_it_takes(kind: Any, name: str, wrong: Any) -> None:
    with pytest.raises(semel.ConfigurationError, match=name):
        kind("localhost:1", **{"namespace": "shop", name: wrong})


@pytest.mark.parametrize("kind", [semel.Client, semel.aio.Client, semel.AdminClient])
@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:7420",
        "https://localhost",
        "grpc://localhost:7420",
        "localhost",
        "localhost:",
        ":7420",
        "localhost:0",
        "localhost:70000",
        "localhost:7420/",
        "::1:7420",
        "[::1]",
        "two words:7420",
        7420,
    ],
)
def test_an_address_is_host_and_port(kind: Any, address: Any) -> None:
    with pytest.raises(semel.ConfigurationError, match="host:port"):
        kind(address, namespace="shop")


@pytest.mark.parametrize(
    "address",
    [
        "localhost:7420",
        "127.0.0.1:7420",
        "[::1]:7420",
        "semel_1.shop.svc.cluster.local:7420",
        "dns:///semel:7420",
        "unix:/run/semel.sock",
        "ipv4:10.0.0.1:7420,10.0.0.2:7420",
    ],
)
def test_what_grpc_knows_is_an_address(address: str) -> None:
    semel.Client(address, namespace="shop").close()


def test_the_environments_address_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMEL_ADDRESS", "http://localhost:7420")
    with pytest.raises(semel.ConfigurationError, match="without a scheme"):
        semel.Client(namespace="shop")


def test_a_name_that_does_not_resolve_was_sent_nothing() -> None:
    with (
        semel.Client("nowhere.invalid:7420", namespace="shop", call_timeout=1) as client,
        pytest.raises(semel.Unavailable) as caught,
    ):
        client.begin("order/17")
    assert not caught.value.outcome_unknown


def test_what_contains_itself_has_no_fingerprint() -> None:
    ring: dict[str, Any] = {}
    ring["itself"] = ring
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (ring, deep):
        with pytest.raises(semel.FingerprintError, match="contains itself, or is nested too deeply"):
            semel.fingerprint(value)


@pytest.mark.parametrize("wrong", [None, "/sent_at", [5], b"/sent_at", 5], ids=repr)
@pytest.mark.parametrize("value", [{}, b""], ids=repr)
def test_what_is_left_out_is_a_list(value: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match="leave_out is a list of JSON Pointers"):
        semel.fingerprint(value, leave_out=wrong)


def test_a_number_with_too_many_digits_is_no_part_of_a_key() -> None:
    with pytest.raises(semel.KeyPartError, match="too many digits"):
        semel.key_of("order", 10**5000)
