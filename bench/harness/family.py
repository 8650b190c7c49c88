"""A process with all that it has started, and those with theirs: paused, ended and measured as one."""

import contextlib
import functools
import pathlib
import signal
import subprocess
import sys

import psutil

END_TIMEOUT_S = 30


@functools.cache
def undertaker():
    """One for the script, started when first needed; in a session of its own, as Ctrl-C is not meant for it."""
    return subprocess.Popen([sys.executable, "-B", pathlib.Path(__file__).with_name("undertaker.py")], stdin=subprocess.PIPE, text=True,
                            start_new_session=True)


def tell_undertaker(processes):
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            undertaker().stdin.write(f"{each.pid} {each.create_time()}\n")
    undertaker().stdin.flush()


class Family:
    def __init__(self, pid):
        self.head = psutil.Process(pid)

    def members(self):
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self.head, *self.head.children(recursive=True)]
        return []

    def pause(self):
        self.head.suspend()  # the head first: stopped it starts no more
        tell_undertaker(self.members())
        self._tell_all(signal.SIGSTOP)

    def resume(self):
        self._tell_all(signal.SIGCONT)

    def kill(self):
        """Returns when none of them is left."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.pause()
        left = psutil.wait_procs(self._tell_all(signal.SIGKILL), END_TIMEOUT_S)[1]
        left = [each for each in left if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        if left:
            raise RuntimeError(f"kill -9 did not end {left}")

    def _tell_all(self, number):
        members = self.members()
        for each in members:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
                each.send_signal(number)
        return members

    def _sum(self, figure):
        total = 0
        for each in self.members():
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
                total += figure(each)
        return total

    def memory_bytes(self):
        """Resident memory; what several processes share counts once."""
        if len(self.members()) == 1:
            return self.head.memory_info().rss
        return self._sum(lambda each: each.memory_full_info().pss)

    def cpu_seconds(self):
        """User and system time, also of children that ended."""
        return self._sum(lambda each: sum(each.cpu_times()[:4]))

    def written_bytes(self):
        """What they have had written to disks so far, and those that ended: the kernel adds a child's to its parent's."""
        return self._sum(lambda each: each.io_counters().write_bytes)
