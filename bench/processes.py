"""Servers under test: started, waited for, measured, and stopped by their process id."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class Server:
    """A process that says on stdout, in a line with `ready`, where it listens: NAME ready grpc=HOST:PORT ..."""

    def __init__(self, command, log):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        started = time.monotonic()
        with open(self.log, "ab") as errors:
            # In a session of its own: Ctrl-C reaches this script, which then stops the server in good order.
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                            text=True, start_new_session=True)
        self.pid = self.process.pid
        try:
            self.address = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        self.start_seconds = time.monotonic() - started
        threading.Thread(target=self._drain, daemon=True).start()

    def _wait_until_ready(self):
        silence = threading.Timer(READY_TIMEOUT_S, self.kill)
        silence.start()
        try:
            for line in self.process.stdout:
                match = re.search(r"\bready\b.*\bgrpc=(\S+)", line)
                if match:
                    return match.group(1)
        finally:
            silence.cancel()
        raise RuntimeError(f"{' '.join(self.command)} did not get ready:\n{self.tail()}")

    def _drain(self):
        for _ in self.process.stdout:
            pass

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def status_kib(self, field):
        """A size from /proc/PID/status, for example VmRSS or VmHWM."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE).group(1))

    def kill(self):
        """kill -9: what a crash does to a process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.contextmanager
def running(command, log):
    server = Server(command, log)
    try:
        yield server
    finally:
        server.stop()


def stop_on_sigterm():
    """SIGTERM ends the script as Ctrl-C does: through every `finally`."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
