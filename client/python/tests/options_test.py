"""Options and the environment: what is wrong is said when the client is made."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

import semel
import semel.aio
from semel._options import complete
from semeld import Semeld


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEMEL_ADDRESS", raising=False)
    monkeypatch.delenv("SEMEL_NAMESPACE", raising=False)


def test_the_environment_stands_in(
    monkeypatch: pytest.MonkeyPatch, server: Semeld, client: semel.Client, key: str
) -> None:
    monkeypatch.setenv("SEMEL_ADDRESS", server.address)
    monkeypatch.setenv("SEMEL_NAMESPACE", "shop")
    with semel.Client() as other:
        other.begin(key)
    record = client.lookup(key)
    assert record is not None
    assert re.fullmatch(rf"\S+:{os.getpid()}", record.owner)


def test_defaults() -> None:
    options = complete(None, {"namespace": "shop"}, needs_namespace=True)
    assert options.address == "localhost:7420"
    assert options.user_agent == f"semel-python/{semel.__version__}"
    assert (options.call_timeout, options.try_timeout, options.complete_timeout) == (10, 2, 30)


@pytest.mark.parametrize("kind", [semel.Client, semel.aio.Client])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "SEMEL_NAMESPACE"),
        ({"token": "secret"}, "in the open"),
        ({"call_timeout": 0}, "call_timeout"),
        ({"try_timeout": -1}, "try_timeout"),
        ({"complete_timeout": 0}, "complete_timeout"),
        ({"keepalive_time": -1}, "keepalive_time"),
        ({"keepalive_timeout": 0}, "keepalive_timeout"),
        ({"retry": semel.Retry(max_tries=0)}, "max_tries"),
        ({"retry": semel.Retry(initial_backoff=3)}, "initial_backoff"),
        ({"retry": semel.Retry(multiplier=0.5)}, "multiplier"),
        ({"retry": semel.Retry(budget=-1)}, "budget"),
        ({"tls": semel.Tls(cert_file="x.pem")}, "belong together"),
        ({"tls": semel.Tls(ca_file="/nowhere/ca.pem")}, "cannot be read"),
        ({"tls": semel.Tls(ca_file=__file__)}, "is not PEM"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said(kind: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(semel.ConfigurationError, match=said):
        kind("localhost:1", **({"namespace": "shop"} if options else {}), **options)


def test_a_wrong_name_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="adress"):
        semel.Client(adress="localhost:1", namespace="shop")  # type: ignore[call-arg]


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    options = complete("localhost:1", {"namespace": "shop"}, needs_namespace=True)
    assert "token" not in repr(options)
    assert "credentials" not in repr(options)
