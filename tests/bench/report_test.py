#!/usr/bin/env python3
"""What ./dev bench makes of the figures of scale, expiry, soak and mix, and which options of theirs it refuses."""

import contextlib
import io
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import expiry  # noqa: E402
import mix  # noqa: E402
import scale_report  # noqa: E402
import soak  # noqa: E402
from harness import processes, sampling, traffic  # noqa: E402


def load(pairs_per_s, p99=1.0, seconds=1.0, count=1000):
    latency = {"count": count, "p50": p99 / 2, "p99": p99, "p99.9": p99}
    return {"pairs_per_s": pairs_per_s, "pairs": pairs_per_s * seconds, "seconds": seconds, "server_cpu_us": 10.0,
            "latency_ms": {"Begin": latency, "Complete": latency}}


def found(keys, speed, memory_mb, peer="semel"):
    return {"peer": peer, "keys": keys, "fill": load(50_000), "rested_s": 1.0, "empty_mb": 20, "filled_mb": 90, "disk_mb": keys * 300 / 1e6,
            "peak_disk_mb": keys * 400 / 1e6, "loads": {"semel-unary, 64 in flight": [load(speed)]}, "memory_mb": memory_mb, "block_cache_mb": 10,
            "caches_mb_in_the_end": 30, "written_mb": 900, "write_amplification": 3.0, "keys_in_the_end": 2 * keys,
            "restart_s": [0.2, 0.3, 0.4], "restart_keys": [2 * keys, 3 * keys, 3 * keys + 5]}


def refused(test, part, *arguments):
    with contextlib.redirect_stderr(io.StringIO()) as said, test.assertRaises(SystemExit):
        part.parse_arguments(arguments)
    return said.getvalue()


class Scale(unittest.TestCase):
    all_found = [found(1_000_000, 1000, 100), found(10_000_000, 900, 130), found(1_000_000, 500, 700, "redis")]

    def test_targets_hold_a_larger_size_against_the_smallest_by_the_keys_there_were(self):
        values = {target.name: target.values for target in scale_report.targets(self.all_found)}
        self.assertEqual(values, {
            "throughput, 10,000,000 keys against 1,000,000, semel-unary, 64 in flight": [0.9],
            "memory less the block cache's setting, 10,000,000 keys against 1,000,000": [1.2],
            "memory beyond the caches, B/key, 20,000,000 keys after the loads": [4.0],
            "disk, B/key, 10,000,000 keys": [300.0],
            "restart after kill -9, s, 30,000,005 keys": [0.2, 0.3, 0.4]})

    def test_no_larger_size_vanishes_behind_another(self):
        names = [target.name for target in scale_report.targets([*self.all_found, found(50_000_000, 800, 400)])]
        for size, keys in (("10,000,000", "30,000,005"), ("50,000,000", "150,000,005")):
            self.assertIn(f"throughput, {size} keys against 1,000,000, semel-unary, 64 in flight", names)
            self.assertIn(f"memory less the block cache's setting, {size} keys against 1,000,000", names)
            self.assertIn(f"disk, B/key, {size} keys", names)
            self.assertIn(f"restart after kill -9, s, {keys} keys", names)

    def test_a_size_alone_is_judged_by_itself(self):
        self.assertEqual([target.name for target in scale_report.targets(self.all_found[:1])],
                         ["memory beyond the caches, B/key, 2,000,000 keys after the loads", "disk, B/key, 1,000,000 keys",
                          "restart after kill -9, s, 3,000,005 keys"])

    def test_peers_alone_have_no_targets_but_rows(self):
        self.assertEqual(scale_report.targets(self.all_found[2:]), [])
        self.assertIn("redis, 1,000,000 keys", scale_report.size_table(self.all_found))

    def test_what_was_written_is_told_of_peers_too(self):
        [row] = scale_report.size_table(self.all_found[2:]).splitlines()[2:]
        self.assertEqual(row.split()[8:10], ["900", "3.0"])

    def test_what_a_failure_cut_short_has_a_row_but_no_targets(self):
        cut = found(1_000_000, 1000, 100) | {"loads": {}, "restart_s": [], "restart_keys": []}
        del cut["memory_mb"], cut["keys_in_the_end"]
        self.assertEqual(scale_report.filled([cut, {"peer": "redis"}]), [cut])
        self.assertEqual(scale_report.size_table([cut]).split()[-4:], ["-"] * 4)
        self.assertEqual(scale_report.targets([cut]), [])
        self.assertEqual(scale_report.pictures([cut]), [])

    def test_p99_of_too_few_calls_is_not_told(self):
        few = found(1_000_000, 1000, 100) | {"loads": {"redis, 64 in flight": [load(10, count=99)]}}
        self.assertEqual(scale_report.load_table([few]).split()[-2:], ["-", "10.0"])

    def test_a_chart_for_each_figure(self):
        self.assertEqual([name for name, _ in scale_report.pictures(self.all_found)], ["memory", "disk", "restart"])


class Expiry(unittest.TestCase):
    def test_a_turn_that_stood_still_counts(self):
        turns = [load(100), load(100), load(100, seconds=9.0), load(0)]
        self.assertAlmostEqual(expiry.pairs_per_s(turns), 1100 / 12)
        self.assertEqual(expiry.mean_p99([load(1, p99=1), load(1, p99=1), load(1, p99=10)]), 4)

    def test_p99_of_too_few_calls_is_not_told(self):
        turns = [load(1), load(1, count=99)]
        self.assertIsNone(expiry.p99_ratio(turns[:1], turns))
        self.assertEqual(expiry.p99_ratio(turns[:1], turns[:1]), 1)
        self.assertEqual(expiry.speed_table({"keeping": turns}).split()[-3:-1], ["-", "-"])

    def test_the_disk_is_held_against_all_that_was_ever_stored(self):
        disk = sampling.Samples()
        disk.rows = [(second, {"keeping": 100 + second, "expiring": 50}) for second in range(0, 200, 10)]
        turn = {"begun": 0, "load": {"all_pairs": 500_000}}
        options = expiry.parse_arguments(["--settle", "100"])
        table, slope = expiry.disk_table(options, {"keeping": [turn, turn], "expiring": [turn]}, disk)
        self.assertEqual(slope, 0)
        cells = [line.split() for line in table.splitlines()[2:4]]
        self.assertEqual(cells, [["keeping", "200", "200", "290", "+60.0", "1,000,000", "290"],
                                 ["expiring", "50", "50", "50", "+0.0", "500,000", "100"]])

    def disk_failure(self, keeping):
        disk = sampling.Samples()
        disk.rows = [(second, {"keeping": size, "expiring": 50}) for second, size in enumerate(keeping)]
        rounds = {name: [{"load": {"all_pairs": 1}}] for name in ("keeping", "expiring")}
        with self.assertRaises(processes.Failed) as failed:
            expiry.disk_table(expiry.parse_arguments(["--settle", "0"]), rounds, disk)
        return str(failed.exception)

    def test_a_disk_that_tells_nothing_is_said(self):
        self.assertIn("did not grow", self.disk_failure([100, 100, 100]))
        self.assertIn("looked at only 2 times", self.disk_failure([100, 200]))

    def test_keys_must_outlive_the_turn_in_which_they_come(self):
        self.assertIn("shorter than a turn", refused(self, expiry, "--retention", "3"))

    def test_the_steady_state_must_be_reached(self):
        self.assertIn("more --rounds", refused(self, expiry, "--rounds", "3"))
        self.assertIn("must go on for 27 s after --settle 150 s", refused(self, expiry, "--rounds", "19"))
        self.assertIn("must go on for 10 s", refused(self, expiry, "--rounds", "9", "--seconds", "0.5", "--warm-up", "0", "--settle", "0"))
        expiry.parse_arguments(["--rounds", "28", "--seconds", "3", "--settle", "110"])


class Soak(unittest.TestCase):
    def test_each_third_must_have_windows(self):
        self.assertIn("with --window 5 it takes 0.5 or more", refused(self, soak, "--minutes", "0.2"))
        self.assertIn("it takes 0.1 or more", refused(self, soak, "--minutes", "0.05", "--window", "0.1"))
        self.assertIn("must be a number from 0.1", refused(self, soak, "--window", "0"))

    def test_the_shortest_has_figures_in_each_third(self):
        options = soak.parse_arguments(["--minutes", "0.5"])
        windows = [{"seconds": 5.0, "rounds_per_s": 1, "p50": 1, "p99": n, "p99.9": 1} for n in range(round(options.minutes * 60 / 5))]
        samples = sampling.Samples()
        samples.rows = [(second, {"rss_mb": 100, "disk_mb": 1}) for second in range(30)]
        report = {"windows": windows + [{"seconds": 0.01, "p99": 99}]}
        self.assertEqual([target.values for target in soak.targets(report, samples)], [[4.5 / 0.5], [1.0]])


class Mix(unittest.TestCase):
    def test_its_targets_are_round_by_round(self):
        reports = {("plain", 64): [{"calls_per_s": 100}, {"calls_per_s": 50}], ("mix", 64): [{"calls_per_s": 60}, {"calls_per_s": 50}]}
        [target] = mix.targets(reports)
        self.assertEqual(target.values, [0.6, 1.0])

    def test_a_window_that_the_end_cut_short_is_left_out(self):
        windows = [{"seconds": seconds, "p99": p99} for seconds, p99 in ((2.0, 1), (2.0, 2), (0.001, 9))]
        self.assertEqual(traffic.windows({"windows": windows}, "p99"), [(2, 1), (4, 2)])
        self.assertEqual(traffic.windows({"windows": windows[:2]}, "p99"), [(2, 1), (4, 2)])
        self.assertEqual(traffic.windows({"windows": windows[2:]}, "p99"), [(0.001, 9)])


if __name__ == "__main__":
    unittest.main()
