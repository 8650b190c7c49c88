#!/usr/bin/env python3
"""What ./dev bench scale does with its servers."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import psutil  # noqa: E402

import scale  # noqa: E402
from harness import processes, room  # noqa: E402


class Sleeper(processes.Server):
    """Serves nobody."""

    def __init__(self, options, folder):
        super().__init__(["sh", "-c", "echo ready; exec sleep 1000"], folder / "log", "ready")
        self.address = "nowhere"

    def version(self):
        return "Sleeper 1"

    def durability(self):
        return {"keeps": "nothing"}


def ended(server):
    """A stopped process lives on; one that has ended was waited for."""
    return not psutil.pid_exists(server.pid)


class Filled(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.there = room.Room(self.folder)
        peers = {"sleeper": scale.Peer(Sleeper, ("redis-batch", 64), ("redis", 1)),
                 "broken": scale.Peer(Sleeper, ("redis-batch", 64), ("etcd", 1))}
        self.enterContext(mock.patch.dict(scale.PEERS, peers))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))  # progress
        self.generator(f"echo '{json.dumps({'all_pairs': 1000, 'seconds': 0.5})}'")

    def generator(self, script):
        """What stores 1,000 keys, whatever it is asked for."""
        path = self.folder / "bench/semel_bench_load"
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def options(self, *arguments):
        return scale.parse_arguments(["--build", str(self.folder), *arguments])

    def filled(self, stack, keys):
        return stack.enter_context(processes.stopping(scale.Filled(self.options(), self.there, "sleeper", keys)))

    def fill(self, *arguments):
        findings = scale.Findings()
        with contextlib.ExitStack() as stack:
            sizes = scale.fill(self.options(*arguments), self.there, "sleeper", stack, findings)
        self.assertEqual(sizes, findings.all_filled)
        self.assertTrue(all(ended(size.server) and not size.folder.exists() for size in sizes))
        return [size.found for size in sizes], findings.stopped

    def test_every_size_is_filled_and_all_are_stopped_in_the_end(self):
        sizes, stopped = self.fill("--keys", "1000,3000")
        self.assertEqual([found["write_amplification"] for found in sizes], [0, 0])
        self.assertEqual([(found["keys"], found["fill"]) for found in sizes],
                         [(1000, {"seconds": 0.5, "pairs_per_s": 2000, "ended_by": ""}),
                          (3000, {"seconds": 1.5, "pairs_per_s": 2000, "ended_by": ""})])
        self.assertEqual(stopped, [])

    def test_what_is_reached_when_the_time_is_over_is_the_size(self):
        [found], stopped = self.fill("--keys", "5000,6000", "--fill-minutes", "0.000001")
        self.assertEqual((found["wanted"], found["keys"]), (5000, 1000))
        self.assertEqual(stopped, ["sleeper: 1,000 of 5,000 keys: 1e-06 minutes were over"])

    def test_what_is_reached_when_the_disk_is_full_is_the_size(self):
        with mock.patch.object(self.there, "lacking", side_effect=["", "", "no disk"]):
            [found], stopped = self.fill("--keys", "5000,6000")
        self.assertEqual(found["keys"], 2000)
        self.assertEqual(stopped, ["sleeper: 2,000 of 5,000 keys: no disk"])

    def test_nothing_is_begun_without_room(self):
        with mock.patch.object(self.there, "lacking", return_value="no disk"):
            self.assertEqual(self.fill("--keys", "5000"), ([], ["sleeper: 5,000 keys not begun: no disk"]))

    def test_the_trouble_of_one_peer_is_told_and_is_not_that_of_the_next(self):
        self.generator(f"""case "$*" in *etcd*) echo 'where is it?'; exit 3;; esac
            echo '{json.dumps({'all_pairs': 1000, 'seconds': 0.5})}'""")
        options = self.options("--keys", "1000", "--rounds", "2")
        options.peers = ["broken", "sleeper"]
        findings = scale.Findings()
        scale.measure(options, self.folder, findings)
        [stopped] = findings.stopped
        self.assertRegex(stopped, "^broken: (?s:.*)failed with 3:\nwhere is it\\?")
        self.assertTrue(findings.failed)
        about = {"version": "Sleeper 1", "durability": {"keeps": "nothing"}}
        self.assertEqual(findings.to_json()["servers"], {"broken": about, "sleeper": about})
        broken, sleeper = findings.to_json()["sizes"]
        self.assertEqual((broken["keys"], broken["loads"], broken["restart_s"]), (1000, {}, []))
        self.assertEqual({how: len(rounds) for how, rounds in sleeper["loads"].items()}, {"redis, 1 in flight": 2})
        self.assertEqual(len(sleeper["restart_s"]), scale.RESTARTS)
        self.assertTrue(all(ended(size.server) for size in findings.all_filled))

    def test_nothing_is_loaded_without_room(self):
        with contextlib.ExitStack() as stack:
            size = self.filled(stack, 1000)
            with mock.patch.object(self.there, "lacking", return_value="no disk"), self.assertRaisesRegex(processes.Failed, "no disk"):
                size.load("redis", 64)

    def test_every_size_is_stopped_also_where_it_stands_still(self):
        with contextlib.ExitStack() as stack:
            sizes = [self.filled(stack, keys) for keys in (1, 2, 3)]
            for size in sizes:
                size.server.pause()
        self.assertEqual([ended(size.server) for size in sizes], [True, True, True])

    def test_the_server_that_took_the_place_of_another_is_stopped(self):
        with contextlib.ExitStack() as stack:
            size = self.filled(stack, 1)
            size.server.kill()
            size.server = size.start()
            self.assertFalse(ended(size.server))
        self.assertTrue(ended(size.server))


if __name__ == "__main__":
    unittest.main()
