#!/usr/bin/env python3
"""What ./dev bench clients makes of what the load programs say."""

import pathlib
import sys
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import clients  # noqa: E402
from harness import processes  # noqa: E402


def reports(**pairs_per_s):
    """One round with 64 callers; what is not given makes as many as C++."""
    return {(case, 64): [{"pairs_per_s": pairs_per_s.get(case.replace("-", "_"), 10_000)}] for case in clients.CASES}


def met(found):
    return {target.name: target.met() for target in found}


class Clients(unittest.TestCase):
    def test_go_is_held_against_cpp_of_the_same_round(self):
        self.assertTrue(met(clients.targets(reports(go_calls=6_000)))["Go over C++, 64 callers"])
        self.assertFalse(met(clients.targets(reports(go_calls=5_900)))["Go over C++, 64 callers"])

    def test_asyncio_has_to_be_fast_or_nearly_as_fast_as_bare_calls(self):
        def reached(ours, bare):
            return clients.asyncio_target([ours], [bare], 64).met()

        self.assertTrue(reached(4_000, 9_000))
        self.assertTrue(reached(2_800, 3_000))
        self.assertFalse(reached(2_600, 3_000))
        self.assertEqual(len(clients.targets(reports())), 2)

    def test_the_table_has_a_row_for_each_client(self):
        table = clients.speed_table(reports(go_run=7_500))
        self.assertIn("0.75", table)
        self.assertEqual([case for case in clients.CASES if case not in table], [])

    def test_a_program_that_fails_ends_the_bench_with_what_it_said(self):
        options = types.SimpleNamespace(warm_up=0, seconds=1)
        with self.assertRaisesRegex(processes.Failed, "no such server"):
            clients.said_by(options, "sh", "-c", "echo no such server >&2; exit 1")


if __name__ == "__main__":
    unittest.main()
