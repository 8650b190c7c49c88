"""once(), the decorator of the blocking client."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import semel


@dataclass
class Payment:
    id: str
    amount: int


def test_a_function_runs_once_per_key(client: semel.Client, new_key: Callable[[], str]) -> None:
    calls = []

    @client.once(key="order/{shop}/{order_id}")
    def place(order_id: str, shop: str = "a b") -> str:
        """Places an order."""
        calls.append(order_id)
        return f"placed {order_id}"

    one, two = new_key(), new_key()
    assert place(one) == place(order_id=one) == f"placed {one}"
    assert place(two) == f"placed {two}"
    assert calls == [one, two]
    assert place.outcome(one).replayed
    assert place.key(one) == semel.key_of("order", "a b", one)
    assert getattr(place, "__name__") == "place"  # noqa: B009 - as other tools look at it
    assert place.__doc__ == "Places an order."


def test_fields_of_arguments_make_the_key_and_the_fingerprint(client: semel.Client, new_key: Callable[[], str]) -> None:
    @client.once(key="refund/{payment.id}", fingerprint=lambda payment: semel.fingerprint({"amount": payment.amount}))
    def refund(payment: Payment) -> int:
        return payment.amount

    payment = Payment(new_key(), 5)
    assert refund(payment) == 5
    with pytest.raises(semel.FingerprintMismatch):
        refund(Payment(payment.id, 6))


class Kind(str, enum.Enum):
    CARD = "card"


class Size(enum.IntEnum):
    LARGE = 3


def test_members_of_enums_make_the_key_by_their_value(client: semel.Client) -> None:
    @client.once(key="{kind}/{size}/{kind!s}/{kind:>5}/{size:02}")
    def pay(kind: Kind, size: Size) -> None:
        pytest.fail("it ran")

    assert pay.key(Kind.CARD, Size.LARGE) == "card/3/card/%20card/03"


def test_a_function_of_the_arguments_makes_the_key(client: semel.Client, key: str) -> None:
    @client.once(key=lambda order_id: semel.key_of("order", order_id))
    def place(order_id: str) -> str:
        return order_id

    assert place.key("17/3") == "order/17%2F3"
    assert place(key) == key


def test_the_attempt_is_handed_over_where_it_is_wanted(client: semel.Client, key: str) -> None:
    @client.once(key="{key}", with_attempt=True)
    def place(attempt: semel.Attempt, key: str) -> int:
        return attempt.number

    assert place(key) == 1


def test_methods_are_bound(client: semel.Client, new_key: Callable[[], str]) -> None:
    class Shop:
        def __init__(self, name: str) -> None:
            self.name = name

        @client.once(key="{self.name}/{order_id}")
        def place(self, order_id: int) -> str:
            return f"{self.name} {order_id}"

    shop = Shop(new_key())
    assert shop.place(1) == f"{shop.name} 1"
    assert shop.place.outcome(1).replayed
    assert Shop.place.key(shop, 2) == semel.key_of(shop.name, 2)


def test_a_missing_id_is_no_key(client: semel.Client) -> None:
    @client.once(key="order/{order_id}")
    def place(order_id: str | None) -> None:
        pytest.fail("it ran")

    for missing in ("", None):
        with pytest.raises(semel.KeyPartError, match="order_id"):
            place(missing)
    with pytest.raises(TypeError, match="order_id"):
        place()  # type: ignore[call-arg]


def test_what_cannot_work_is_refused_when_decorating(client: semel.Client) -> None:
    with pytest.raises(semel.ConfigurationError, match="order"):

        @client.once(key="order/{order}")
        def place(order_id: str) -> None: ...

    with pytest.raises(TypeError, match=r"semel\.aio"):

        @client.once(key="order/{order_id}")
        async def place_async(order_id: str) -> None: ...


def test_a_result_that_was_not_kept_is_not_none(client: semel.Client, key: str) -> None:
    @client.once(key="{key}")
    def place(key: str) -> bytes:
        return b"x" * 20_000

    assert len(place(key)) == 20_000
    with pytest.raises(semel.ResultOmitted):
        place(key)
    assert place.outcome(key).omitted
