"""What the tests of adapters share. Django is configured here: once in a process, before anything of it is used."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import django
import pytest
from django.conf import settings

from adapters.grpc_orders import Orders, Serve, blocking, in_asyncio
from adapters.shop import Shop
from adapters.sites import SITES, Site
from semeld import Semeld

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["rest_framework"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=["semel.django.IdempotencyMiddleware"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    ROOT_URLCONF="adapters.django_shop",
    SECRET_KEY="of a test",
    USE_TZ=True,
)
django.setup()


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


@pytest.fixture(params=["blocking", "asyncio"])
def serve(request: pytest.FixtureRequest) -> Serve:
    """With keys that no other test uses."""
    made = {"blocking": blocking, "asyncio": in_asyncio}[request.param]

    def serve(orders: Orders, connect: dict[str, Any], **options: Any) -> AbstractContextManager[str]:
        return made(orders, connect, **{"prefix": uuid.uuid4().hex, **options})

    return serve


@pytest.fixture
def orders() -> Orders:
    return Orders()
