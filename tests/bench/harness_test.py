#!/usr/bin/env python3
"""What the parts of ./dev bench share: processes that end when they must, whether there is room, figures over time."""

import argparse
import contextlib
import errno
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import psutil  # noqa: E402

from harness import arguments, figures, processes, room, runs, sampling, surroundings  # noqa: E402

# A server of two processes; the second one is deaf to SIGTERM. Once ready it starts nothing: a shell whose child is stopped between
# vfork and exec stands still too, but asleep in the kernel instead of stopped.
SERVER = ["sh", "-c", "sh -c 'trap \"\" TERM; echo ready $$; exec sleep 1000'; :"]


def ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def becomes(condition, limit_s=20):
    """A signal is obeyed a moment after it was sent."""
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


class WithLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "log"


class Processes(WithLog):
    def test_kill_ends_what_the_server_started_too(self):
        server = processes.Server(SERVER, self.log, r"ready (\d+)")
        child = int(server.ready[1])
        self.assertIn(child, [each.pid for each in server.family.members()])
        server.kill()
        self.assertTrue(ended(server.pid) and ended(child))

    def test_a_paused_server_stands_still_with_all_it_started(self):
        server = processes.Server(SERVER, self.log, r"ready (\d+)")
        self.addCleanup(server.kill)
        pids = [server.pid, int(server.ready[1])]

        def stopped():
            return [psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids]

        server.pause()
        self.assertTrue(becomes(lambda: all(stopped())))
        server.resume()
        self.assertTrue(becomes(lambda: not any(stopped())))

    def test_one_that_does_not_get_ready_has_failed_with_what_it_said(self):
        with self.assertRaisesRegex(processes.Failed, "no such port"):
            processes.Server(["sh", "-c", "echo no such port"], self.log, "ready")

    def test_kill_9_of_the_script_ends_its_servers(self):
        script = (f"import sys, time; sys.path.insert(0, {str(BENCH)!r})\n"
                  "from harness import processes\n"
                  f"server = processes.Server(['sh', '-c', 'echo ready; exec sleep 1000'], {str(self.log)!r}, 'ready')\n"
                  "print(server.pid, flush=True)\n"
                  "server.process.wait()\n")
        bench = subprocess.Popen([sys.executable, "-B", "-c", script], stdout=subprocess.PIPE, text=True)
        server = psutil.Process(int(bench.stdout.readline()))
        bench.send_signal(signal.SIGKILL)
        bench.wait()
        bench.stdout.close()
        gone, left = psutil.wait_procs([server], timeout=20)
        self.assertTrue(all(ended(each.pid) for each in left))

    def test_kill_9_of_the_script_ends_servers_that_stand_still(self):
        script = (f"import sys, time; sys.path.insert(0, {str(BENCH)!r})\n"
                  "from harness import processes\n"
                  f"server = processes.Server(['sh', '-c', 'setsid sh -c \"echo ready; sleep 1000\"; :'], {str(self.log)!r}, 'ready')\n"
                  "server.pause()\n"
                  "print(*[each.pid for each in server.family.members()], flush=True)\n"
                  "server.process.wait()\n")
        bench = subprocess.Popen([sys.executable, "-B", "-c", script], stdout=subprocess.PIPE, text=True)
        pids = [int(pid) for pid in bench.stdout.readline().split()]
        self.assertGreaterEqual(len(pids), 2)
        bench.send_signal(signal.SIGKILL)
        bench.wait()
        bench.stdout.close()
        self.assertTrue(becomes(lambda: all(map(ended, pids))))

    def test_the_processor_time_of_an_ended_child_counts(self):
        child = f"{sys.executable} -c 'sum(range(10_000_000))'"
        with processes.stopping(processes.Server(["sh", "-c", f"{child}; echo ready; exec sleep 1000"], self.log, "ready")) as server:
            self.assertGreater(server.family.cpu_seconds(), 0.05)

    def test_what_an_ended_child_had_written_counts(self):
        with tempfile.NamedTemporaryFile(dir=runs.ROOT / "build") as file:
            child = f"dd if=/dev/zero of={file.name} bs=1M count=2 conv=fsync status=none"
            with processes.stopping(processes.Server(["sh", "-c", f"{child}; echo ready; exec sleep 1000"], self.log, "ready")) as server:
                self.assertGreaterEqual(server.family.written_bytes(), 2 << 20)

    def test_a_command_that_hangs_or_fails_is_told(self):
        begun = time.monotonic()
        with self.assertRaisesRegex(processes.Failed, "did not end within 0.2 s"):
            processes.output("sleep", 60, limit_s=0.2)
        self.assertLess(time.monotonic() - begun, 30)
        with self.assertRaisesRegex(processes.Failed, "failed with 3:\noops"):
            processes.output("sh", "-c", "echo oops; exit 3")


class Refusals(unittest.TestCase):
    def test_only_load_that_was_turned_away_counts_as_refused(self):
        refusal = '"Begin: 14 OVERLOADED too many calls are waiting": 3'
        self.assertTrue(runs.only_refusals(f"failed with 1:\n{{{refusal}}}"))
        for other in ("OVERLOADED", "{}", f'{{{refusal}, "a wrong answer": 1}}', f"{{{refusal}}}\nand ended with a core dump"):
            self.assertFalse(runs.only_refusals(other), other)


class Salvaging(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=runs.ROOT / "build")
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, runs, "RESULTS", runs.RESULTS)
        runs.RESULTS = pathlib.Path(folder.name)

    def written(self):
        [file] = runs.RESULTS.iterdir()
        return json.loads(file.read_text())

    def fail_with(self, error):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(type(error)):
            with runs.salvaging("some", lambda: {"rounds": [1, 2]}):
                raise error
        self.assertIn("measured until then: ", said.getvalue())
        return self.written()

    def test_what_was_measured_until_a_failure_is_written_with_it(self):
        self.assertEqual(self.fail_with(processes.Failed("it broke")), {"rounds": [1, 2], "failure": "it broke"})

    def test_so_it_is_however_measuring_ended(self):
        for error in (KeyboardInterrupt(), psutil.NoSuchProcess(1), OSError(errno.ENOSPC, "No space left on device")):
            self.assertIn(type(error).__name__, self.fail_with(error)["failure"])

    def test_it_is_there_before_anything_is_made_of_it_and_what_is_made_takes_its_place(self):
        with runs.salvaging("some", lambda: {"rounds": [1, 2]}):
            pass
        self.assertEqual(self.written(), {"rounds": [1, 2]})
        runs.write("some", {"rounds": [1, 2], "targets": []})
        self.assertEqual(self.written(), {"rounds": [1, 2], "targets": []})

    def test_where_it_cannot_be_written_the_terminal_has_it(self):
        runs.RESULTS = runs.RESULTS / "file"
        runs.RESULTS.touch()
        with contextlib.redirect_stdout(io.StringIO()) as said, self.assertRaises(FileExistsError):
            with runs.salvaging("some", lambda: {"rounds": [1, 2]}):
                pass
        self.assertEqual(json.loads(said.getvalue()), {"rounds": [1, 2]})


class Rounds(unittest.TestCase):
    def test_what_a_round_stored_goes_with_it_also_where_it_fails(self):
        with tempfile.TemporaryDirectory() as workspace:
            with self.assertRaises(processes.Failed), runs.folder_of_round(pathlib.Path(workspace), 1) as folder:
                (folder / "data").mkdir()
                raise processes.Failed("it broke")
            self.assertEqual(list(pathlib.Path(workspace).iterdir()), [])


class Surroundings(WithLog):
    def test_a_sync_is_a_flush_of_the_disk(self):
        with tempfile.NamedTemporaryFile(dir=runs.ROOT / "build") as file:
            before = surroundings.flushes(file.name)
            if before is None:
                self.skipTest("the kernel does not count flushes of this disk")
            for _ in range(10):
                os.write(file.fileno(), b"x")
                os.fsync(file.fileno())
            self.assertGreaterEqual(surroundings.flushes(file.name), before + 10)

    def test_what_the_server_and_the_generator_use_is_not_what_others_take(self):
        burn = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n"
        burns_when_told = ("import signal; signal.signal(signal.SIGUSR1, lambda *_: exec(" + repr(burn) + ", {}))\n"
                           "print('ready', flush=True)\nwhile True: signal.pause()\n")
        server = processes.Server([sys.executable, "-c", burns_when_told], self.log, "ready")
        self.addCleanup(server.kill)
        before = surroundings.spent_so_far(server.family)

        def spent(what):
            return surroundings.spent_so_far(server.family)[what] - before[what]

        server.process.send_signal(signal.SIGUSR1)
        processes.output(sys.executable, "-c", burn)
        self.assertTrue(becomes(lambda: spent("ours") >= 0.95))
        self.assertGreaterEqual(spent("busy"), 0.8)

    def test_where_there_is_no_disk_nothing_is_told(self):
        self.assertIsNone(surroundings.flushes("/proc"))


class Room(unittest.TestCase):
    kept = room.Free(disk_bytes=2e9, memory_bytes=1e9)

    def test_where_both_suffice_nothing_is_lacking(self):
        self.assertEqual(room.shortage(self.kept, self.kept), "")

    def test_each_of_them_may_be_lacking(self):
        self.assertEqual(room.shortage(self.kept._replace(disk_bytes=1e9), self.kept), "1.0 GB of disk are free, and 2.0 must stay so")
        self.assertEqual(room.shortage(self.kept._replace(memory_bytes=5e8), self.kept), "0.5 GB of memory are free, and 1.0 must stay so")

    def test_a_server_may_need_as_much_disk_again(self):
        with tempfile.TemporaryDirectory() as folder:
            there = room.Room(folder)
            self.assertEqual(there.lacking(), "")
            self.assertIn("GB of disk are free", there.lacking(there.begun.disk_bytes))


class Arguments(unittest.TestCase):
    def test_whole_numbers(self):
        self.assertEqual(arguments.counts(1_000_000)("64,1e6"), [64, 1_000_000])
        for wrong in ("64,0", "1000001", "1.5", "nan", "inf", "1e400", "-1", "many", ""):
            with self.assertRaisesRegex(argparse.ArgumentTypeError, "must be a whole number from 1 to 1,000,000"):
                arguments.counts(1_000_000)(wrong)

    def test_amounts(self):
        self.assertEqual(arguments.amount(0.1, 5)("0.25"), 0.25)
        for wrong in ("0", "nan", "inf", "6", "-1", "long"):
            with self.assertRaisesRegex(argparse.ArgumentTypeError, "must be a number from 0.1 to 5"):
                arguments.amount(0.1, 5)(wrong)

    def test_folders(self):
        with self.assertRaisesRegex(argparse.ArgumentTypeError, "no such folder"):
            arguments.folder("/nowhere")

    def test_data_goes_where_a_folder_can_be_made(self):
        with tempfile.NamedTemporaryFile() as file, self.assertRaisesRegex(processes.Failed, "no folder can be made there"):
            with runs.workspace(argparse.Namespace(data=pathlib.Path(file.name))):
                pass


class Figures(unittest.TestCase):
    def test_thirds_of_a_time(self):
        series = [(second, second) for second in range(10)]
        self.assertEqual([sampling.third(series, n) for n in range(3)], [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]])

    def test_slope_is_change_a_second(self):
        self.assertAlmostEqual(sampling.slope([(0, 1), (1, 3), (2, 5)]), 2)

    def test_a_table_of_a_head_alone(self):
        self.assertEqual(figures.table([("a", "b")]).splitlines()[0].split(), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
