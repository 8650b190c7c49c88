#!/usr/bin/env python3
"""What ./dev bench makes of its figures: medians, ratios, targets, charts."""

import argparse
import contextlib
import io
import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import compare  # noqa: E402
import comparison  # noqa: E402
from harness import figures, processes  # noqa: E402


def report(pairs_per_s, p99=1.0, calls_per_s=None, p50=0.5, count=1000):
    return {"pairs_per_s": pairs_per_s, "calls_per_s": calls_per_s or 2 * pairs_per_s, "server_cpu_us": 10.0, "client_cpu_us": 5.0,
            "all_pairs": 100, "syncs": 10, "flushes": 25, "others_cores": 0.05, "steal_cores": 0.0, "repeats": 0,
            "latency_ms": {"Begin": {"count": count, "p50": p50, "p99": p99, "p99.9": p99},
                           "Complete": {"count": count, "p50": 0.1, "p99": 0.2, "p99.9": 0.3}}}


MACHINE = {"cpus": 2, "cpu": "<fast & new>", "commit": "v1", "memory_gb": 8, "system": "Debian", "kernel": "6", "file_system": "ext4",
           "load_average": 0.1, "fdatasync_ms": 0.2}


class Figures(unittest.TestCase):
    def test_spread_is_median_smallest_largest(self):
        self.assertEqual(figures.spread([3, 1, 2]), {"median": 2, "min": 1, "max": 3})

    def test_ratios_are_taken_round_by_round(self):
        self.assertEqual(figures.ratios([10, 30], [5, 10]), [2, 3])
        with self.assertRaises(ValueError):
            figures.ratios([1], [1, 2])

    def test_a_target_is_judged_by_its_median(self):
        self.assertTrue(figures.Target("", "≥", 2, [1, 2, 9]).met())
        self.assertFalse(figures.Target("", "≥", 2, [1, 1.9, 9]).met())
        self.assertTrue(figures.Target("", "≤", 2, [1, 2, 9]).met())
        self.assertFalse(figures.Target("", "≤", 2, [1, 2.1, 3]).met())


class Plan(unittest.TestCase):
    def test_any_number_in_flight_has_cases(self):
        names = [case.name for case, _ in comparison.plan([2])]
        self.assertIn("semel-unary", names)
        self.assertNotIn("redis-batch", names)
        self.assertIn("redis-batch", [case.name for case, _ in comparison.plan([1024])])

    def test_what_is_not_whole_batches_has_none(self):
        names = {n: [case.name for case, m in comparison.plan([80, 100, 128]) if m == n] for n in (80, 100, 128)}
        self.assertEqual([n for n in names if "semel-batch" in names[n]], [128])
        self.assertEqual([n for n in names if "redis-pipelined" in names[n]], [80, 128])

    def test_single_calls_end_where_batches_are_meant(self):
        self.assertEqual([case.name for case, _ in comparison.plan([1024], ["redis", "semel-stream"])], ["semel-stream"])

    def test_every_round_has_all_steps_and_begins_with_another_case(self):
        steps = comparison.plan([1, 64])
        orders = [comparison.in_turn(steps, number, 5) for number in range(5)]
        for order in orders:
            self.assertCountEqual(order, steps)
            self.assertEqual([n for _, n in order], [n for _, n in steps])
        self.assertEqual(orders[0], steps)
        for n in (1, 64):
            firsts = {next(case.name for case, m in order if m == n) for order in orders}
            self.assertEqual(len(firsts), 5)

    def test_no_case_always_follows_the_same_one(self):
        steps = comparison.plan([64])
        orders = [[case.name for case, _ in comparison.in_turn(steps, number, 5)] for number in range(5)]
        for case, _ in steps:
            before = {order[order.index(case.name) - 1] for order in orders if order[0] != case.name}
            self.assertEqual(len(before), 2, case.name)


class Arguments(unittest.TestCase):
    def refused(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
            compare.parse_arguments(list(arguments))
        return said.getvalue()

    def test_rough_figures_are_not_kept(self):
        for rough in (["--quick"], ["--only", "redis"], ["--in-flight", "64"], ["--rounds", "4"], ["--seconds", "3.9"]):
            self.assertIn("too rough to --keep", self.refused("--keep", *rough))
        self.assertTrue(compare.parse_arguments(["--keep", "--rounds", "6"]).keep)

    def test_what_would_measure_nothing_is_refused(self):
        self.assertIn("none of these cases", self.refused("--only", "redis-batch", "--in-flight", "2"))
        self.assertIn("no case 'oracle'", self.refused("--only", "oracle"))
        self.assertIn("no case ''", self.refused("--only", ","))
        self.assertIn("must be a whole number", self.refused("--in-flight", "0"))

    def test_quick_means_two_rounds_of_a_second_unless_told_otherwise(self):
        options = compare.parse_arguments(["--quick", "--rounds", "3"])
        self.assertEqual((options.rounds, options.seconds), (3, 1.0))


class Repeating(unittest.TestCase):
    def outcome(self, *outcomes, repeats=2):
        """Of a step whose runs end so, one after the other: processors that others took, or a failure."""
        def measure(*_):
            outcome = left.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return {"others_cores": 0, "steal_cores": outcome}

        left = list(outcomes)
        self.addCleanup(setattr, compare, "measure", compare.measure)
        compare.measure = measure
        options = argparse.Namespace(repeats=repeats)
        with contextlib.redirect_stderr(io.StringIO()):
            counted = compare.measure_if_need_be_twice(options, None, None, comparison.CASES[0], 64)
        self.assertEqual(left, [])
        return counted["steal_cores"], counted["repeats"], counted.get("failure_before")

    def test_an_undisturbed_run_is_not_repeated(self):
        self.assertEqual(self.outcome(0.1), (0.1, 0, None))

    def test_a_disturbed_run_is_repeated_until_one_is_not(self):
        self.assertEqual(self.outcome(0.2, 0.05), (0.05, 1, None))
        self.assertEqual(self.outcome(0.2, 0.3, 0), (0, 2, None))

    def test_where_all_are_disturbed_the_least_counts(self):
        self.assertEqual(self.outcome(0.3, 0.2, 0.5), (0.2, 2, None))
        self.assertEqual(self.outcome(0.3, repeats=0), (0.3, 0, None))

    def test_a_run_whose_load_was_refused_is_repeated_once_and_says_why(self):
        refused = processes.Refused("OVERLOADED")
        self.assertEqual(self.outcome(refused, 0), (0, 0, "OVERLOADED"))
        self.assertEqual(self.outcome(0.2, refused, 0), (0, 0, "OVERLOADED"))
        with self.assertRaisesRegex(processes.Failed, "again"):
            self.outcome(refused, processes.Refused("again"))

    def test_what_failed_in_another_way_is_not_repeated(self):
        with self.assertRaisesRegex(processes.Failed, "a wrong answer"):
            self.outcome(processes.Failed("a wrong answer"))


class Targets(unittest.TestCase):
    def found(self, runs_of, syncs_ms=(0.2, 0.2, 0.2)):
        return {target.name: target for target in comparison.targets(runs_of, list(syncs_ms))}

    def test_only_of_what_was_measured(self):
        self.assertEqual(self.found({("semel-unary", 8): [report(1)]}), {})

    def test_unary_against_redis(self):
        found = self.found({("semel-unary", 64): [report(90), report(120)], ("redis", 64): [report(100), report(100)]})
        self.assertEqual(found["semel-unary over redis, pairs/s, 64 in flight"].values, [0.9, 1.2])

    def test_the_better_of_batch_and_stream_counts_at_1024(self):
        found = self.found({("semel-batch", 1024): [report(300)], ("semel-stream", 1024): [report(100)],
                            ("redis-pipelined", 1024): [report(100)]})
        target = found["semel-batch over redis-pipelined, pairs/s, 1,024 in flight"]
        self.assertEqual((target.values, target.bound, target.met()), ([3.0], 2.0, True))

    def test_the_slower_of_begin_and_complete_counts(self):
        found = self.found({("semel-stream", 64): [report(100, p99=1.6)]})
        self.assertFalse(found["semel-stream p99 in ms, 64 in flight"].met())

    def test_one_that_too_few_calls_stand_behind_is_not_met(self):
        found = self.found({("semel-stream", 64): [report(100, p99=1.0), report(100, p99=1.0, count=99)]})
        target = found["semel-stream p99 in ms, 64 in flight"]
        self.assertEqual((target.row()[2:], target.to_json()["met"]), (("-", "too few calls"), False))
        self.assertEqual(figures.exit_code(compare.parse_arguments(["--check"]), [target]), 1)

    def test_a_lone_operation_may_take_a_sync_and_a_little_more(self):
        found = self.found({("semel-unary", 1): [report(100, p50=0.33), report(100, p50=0.34), report(100, p50=0.32)]})
        target = found["semel-unary p50 in ms, 1 in flight"]
        self.assertAlmostEqual(target.bound, 0.33)
        self.assertTrue(target.met())


class Tables(unittest.TestCase):
    def test_pairs_to_a_sync(self):
        table = comparison.syncs_table({("semel-unary", 64): [report(1), report(1)]})
        self.assertEqual(table.splitlines()[2].split(), ["64", "semel-unary", "200", "20", "10.0", "50", "4.0"])

    def test_counts_that_nobody_keeps_are_not_made_up(self):
        unknown = {name: figure for name, figure in report(1).items() if name not in ("syncs", "flushes")}
        table = comparison.syncs_table({("redis", 64): [unknown, report(1)], ("echo", 64): [report(1) | {"all_pairs": 0, "flushes": 0}]})
        self.assertEqual(table.splitlines()[2].split(), ["64", "redis", "200", "-", "-", "-", "-"])
        self.assertEqual(table.splitlines()[3].split(), ["64", "echo", "0", "10", "0.0", "0", "-"])

    def test_the_document_has_a_row_for_each_case_and_target(self):
        runs_of = {("semel-unary", 64): [report(90)], ("redis", 64): [report(100)]}
        document = comparison.document(MACHINE, {"redis": {"version": "Redis 7", "durability": {"appendfsync": "always"}}}, runs_of, comparison.targets(runs_of, []))
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in document.splitlines()]
        self.assertIn(["64", "redis", "100  (100 to 100)"], [row[:3] for row in rows])
        self.assertIn(["semel-unary over redis, pairs/s, 64 in flight", "≥ 1.00", "0.90  (0.90 to 0.90)", "MISSED"], rows)
        self.assertIn(["Redis 7", "appendfsync: always"], rows)
        self.assertIn(["64", "redis", "100", "10", "10.0", "25", "4.0"], rows)

    def test_a_quantile_of_too_few_calls_is_not_told(self):
        row = comparison.main_rows({("redis", 1): [report(90, count=1000), report(90, count=999)]})[1]
        self.assertEqual(row[4:6], ("1.00  (1.00 to 1.00)", "-"))
        self.assertEqual(self.p99_of(count=99), "-")

    def test_disturbed_runs_are_marked_and_counted(self):
        runs_of = {("redis", 64): [report(1), report(1) | {"steal_cores": 0.06, "repeats": 2}], ("echo", 64): [report(1)]}
        self.assertEqual([row[1] for row in comparison.main_rows(runs_of)[1:]], ["redis*", "echo"])
        self.assertIn("1 of 3 runs were disturbed (*): programs or the hypervisor took more than a tenth of a processor meanwhile, 0.11 at most. "
                      "2 more were for that reason not taken.",
                      comparison.main_table(runs_of).splitlines())

    def test_a_run_that_was_repeated_is_told_with_the_reason(self):
        runs_of = {("redis", 64): [report(100), report(100) | {"failure_before": "the connection broke\nand more"}]}
        told = "Measured again: redis, 64 in flight, round 2, which failed: the connection broke"
        self.assertIn(told, comparison.main_table(runs_of).splitlines())
        self.assertIn(told, comparison.document(MACHINE, {}, runs_of, []).splitlines())

    def p99_of(self, count):
        return comparison.main_rows({("redis", 1): [report(90, count=count)]})[1][4]

    def test_charts_are_well_formed(self):
        runs_of = {("semel-unary", 64): [report(90), report(120)], ("redis", 64): [report(100), report(50)],
                   ("semel-unary", 256): [report(10), report(20)]}
        pictures = comparison.pictures(runs_of, MACHINE)
        self.assertEqual([name for name, _ in pictures], ["pairs", "p99", "cpu"])
        for _, svg in pictures:
            words = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
            for word in ("64 in flight", "256 in flight", "semel-unary", "redis", "<fast & new>"):
                self.assertIn(word, words)


if __name__ == "__main__":
    unittest.main()
