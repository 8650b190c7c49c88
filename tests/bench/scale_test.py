#!/usr/bin/env python3
"""What ./dev bench scale does with its servers."""

import argparse
import contextlib
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


def ended(server):
    """A stopped process lives on; one that has ended was waited for."""
    return not psutil.pid_exists(server.pid)


class Filled(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        sleeper = scale.Peer(Sleeper, room.PerKey(1, 1, 1), fill=())
        self.enterContext(mock.patch.dict(scale.PEERS, {"sleeper": sleeper}))

    def filled(self, stack, keys):
        return stack.enter_context(processes.stopping(scale.Filled(argparse.Namespace(), self.folder, "sleeper", keys)))

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
