"""docs/recipes/database.md: its program, killed at each place that the page names, with a real PostgreSQL."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import semel
from adapters.postgres import Postgres
from adapters.processes import Process
from adapters.recipe import RECIPES, Recipe
from semeld import Semeld, eventually

CLOCK = 1_700_000_000_000_000
LONGER_THAN_LEASE = 31_000_000  # microseconds

# Places at which the program stands still, by what a test holds there.
WAITS = {
    "the fence": "LOCK TABLE once IN ACCESS EXCLUSIVE MODE",
    "the charge": "SELECT 1 FROM account WHERE id = 'jo' FOR UPDATE",
    "the outcome": "SELECT pg_advisory_lock(1)",
    "COMMIT": "SELECT pg_advisory_lock(2)",
}
# The last two are no places where the program would meet anybody: these triggers make it.
TRIGGERS = """
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(TG_ARGV[0]::int); RETURN NEW; END $$;
    CREATE TRIGGER at_outcome BEFORE UPDATE OF outcome ON once FOR EACH ROW EXECUTE FUNCTION wait(1);
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON once DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION wait(2);
"""
PAID = '{"charged": 500} \n'
PAID_BEFORE = '{"charged": 500} (before)\n'


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    schema = re.search(r"^```sql\n(.*?)^```$", (RECIPES / "database.md").read_text(), re.MULTILINE | re.DOTALL)
    assert schema is not None
    postgres.do(schema.group(1) + TRIGGERS)
    yield postgres
    postgres.close()


class Shop:
    """The page's program, its account with 1000 cents, and a Semel whose clock stands still."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self.postgres = postgres
        postgres.do("TRUNCATE once, account; INSERT INTO account VALUES ('jo', 1000)")
        self.semeld = Semeld(folder)
        self.semeld.start("--test-clock", str(CLOCK))
        self._recipe = Recipe("database.md", folder, {"SEMEL_NAMESPACE": "shop", "DATABASE": postgres.address})
        self._begun: list[Process] = []

    def begin(self, order: str = "17", cents: int = 500) -> Process:
        arguments = [sys.executable, self._recipe.program.name, order, "jo", str(cents)]
        environment = {**self._recipe.environment, "SEMEL_ADDRESS": self.semeld.address}
        self._begun.append(Process(arguments, environment, self._recipe.folder))
        return self._begun[-1]

    def close(self) -> None:
        for program in self._begun:
            program.kill()
        if self.semeld.running:
            self.semeld.kill()

    def pay(self) -> str:
        """What the program says when nobody disturbs it."""
        program = self.begin()
        assert program.wait() == 0, program.said
        return program.said

    def let_lapse(self) -> None:
        status, text = self.semeld.http(f"/testing/elapse?by={LONGER_THAN_LEASE}", method="POST")
        assert status == 200, text

    def cents(self) -> int:
        return int(self.postgres.ask("SELECT cents FROM account")[0][0])

    def outcomes(self) -> list[object]:
        return [row[0] for row in self.postgres.ask("SELECT outcome FROM once")]

    def attempts(self, order: str = "17") -> int:
        with semel.Client(self.semeld.address, namespace="shop") as client:
            record = client.lookup(semel.key_of("payment", order))
        assert record is not None
        return record.attempt


@pytest.fixture
def shop(postgres: Postgres, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(postgres, tmp_path)
    yield shop
    shop.close()


def kill_at(shop: Shop, place: str, *, break_connection: bool = False) -> None:
    with shop.postgres.holding(WAITS[place]):
        program = shop.begin()
        assert eventually(lambda: len(shop.postgres.waiting()) == 1), program.said
        if place == "COMMIT":
            assert shop.postgres.waiting() == ["COMMIT"]
        program.kill()
        if break_connection:
            shop.postgres.end_waiting()
    shop.postgres.await_idle()


@pytest.mark.parametrize("place", ["the fence", "the charge", "the outcome"])
def test_killed_before_commit_leaves_nothing(shop: Shop, place: str) -> None:
    kill_at(shop, place)
    assert (shop.cents(), shop.outcomes()) == (1000, [])
    finish(shop)


@pytest.mark.parametrize(("break_connection", "committed"), [(False, True), (True, False)])
def test_killed_at_commit_leaves_all_or_nothing(shop: Shop, break_connection: bool, committed: bool) -> None:
    kill_at(shop, "COMMIT", break_connection=break_connection)
    assert (shop.cents(), shop.outcomes()) == ((500, [{"charged": 500}]) if committed else (1000, []))
    finish(shop)


def test_killed_after_commit_before_semel_was_told(shop: Shop) -> None:
    with shop.postgres.holding(WAITS["COMMIT"]):
        program = shop.begin()
        assert eventually(lambda: shop.postgres.waiting() == ["COMMIT"]), program.said
        shop.semeld.kill()
    assert eventually(lambda: shop.outcomes() == [{"charged": 500}])
    program.kill()
    shop.semeld.start("--test-clock", str(CLOCK))
    finish(shop)


def finish(shop: Shop) -> None:
    """Whatever was left: the next attempt comes to the same end, and the one after it is a replay."""
    shop.let_lapse()
    assert shop.pay() == PAID
    assert (shop.cents(), shop.outcomes(), shop.attempts()) == (500, [{"charged": 500}], 2)
    assert shop.pay() == PAID_BEFORE
    assert (shop.cents(), shop.attempts()) == (500, 2)


def test_killed_after_semel_was_told(shop: Shop) -> None:
    assert shop.pay() == PAID
    assert shop.pay() == PAID_BEFORE
    assert (shop.cents(), shop.attempts()) == (500, 1)


def test_many_at_once_pay_once(shop: Shop) -> None:
    programs = [shop.begin() for _ in range(5)]
    assert [program.wait() for program in programs] == [0] * 5
    assert sorted(program.said for program in programs) == [PAID] + [PAID_BEFORE] * 4
    assert shop.cents() == 500


def test_who_comes_late_finds_a_greater_token_and_does_nothing(shop: Shop) -> None:
    later = (1 << 63) - 1
    shop.postgres.do(f"INSERT INTO once (key, token) VALUES ('payment/17', {later})")
    program = shop.begin()
    assert program.wait() != 0
    assert "a later attempt was here" in program.said
    assert shop.cents() == 1000
    assert shop.postgres.ask("SELECT token, outcome FROM once") == [(later, None)]


def test_a_refusal_is_an_outcome(shop: Shop) -> None:
    for said in ("", "(before)"):
        program = shop.begin(cents=5000)
        assert program.wait() == 0, program.said
        assert program.said == f"{json.dumps({'refused': 'not enough money'})} {said}\n"
    assert shop.cents() == 1000
