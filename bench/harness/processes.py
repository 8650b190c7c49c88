"""Servers under test: started, waited for, paused, measured, and stopped by their process ids."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

READY_TIMEOUT_S = 300  # after a crash some read all they have
STOP_TIMEOUT_S = 30


class Server:
    """A process that says in a line that matches `ready` that it serves. What it says goes to `log`."""

    stop_signal = signal.SIGTERM

    def __init__(self, command, log, ready):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        # In a session of its own: Ctrl-C reaches this script, which then stops the server in good order.
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self.pid = self.process.pid
        try:
            with open(self.log, "a", encoding="utf-8") as log_file:
                self.ready = self._wait_until(re.compile(ready), log_file)
        except BaseException:
            self.kill()
            raise
        threading.Thread(target=self._drain, daemon=True).start()

    def _wait_until(self, ready, log_file):
        silence = threading.Timer(READY_TIMEOUT_S, self.kill)
        silence.start()
        try:
            for line in self.process.stdout:
                log_file.write(line)
                match = ready.search(line)
                if match:
                    return match
        finally:
            silence.cancel()
        log_file.flush()
        raise RuntimeError(f"{' '.join(self.command)} did not get ready:\n{self.tail()}")

    def _drain(self):
        with open(self.log, "a", encoding="utf-8") as log_file:
            for line in self.process.stdout:
                log_file.write(line)
                log_file.flush()

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def pause(self):
        """Stops it where it is, with all it has started: while another is measured it must not tidy up behind itself."""
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in [self.pid, *descendants(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        """kill -9: what a crash does to a process."""
        self._signal_all(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is not None:
            return
        self.resume()
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()


def memory_bytes(pid):
    """Resident memory, with that of all it has started; what they share counts once."""
    started = descendants(pid)
    if not started:
        return kib_of(pid, "status", "VmRSS") * 1024
    total = 0
    for each in [pid, *started]:
        with contextlib.suppress(OSError):  # it ended meanwhile
            total += kib_of(each, "smaps_rollup", "Pss") * 1024
    return total


def kib_of(pid, file, field):
    return int(re.search(rf"^{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)[1])


def cpu_seconds(pid):
    """Processor time of the process and of all it has started that still live."""
    ticks = 0
    for each in [pid, *descendants(pid)]:
        with contextlib.suppress(OSError):  # it ended meanwhile
            text = pathlib.Path(f"/proc/{each}/stat").read_text(errors="replace")
            ticks += sum(map(int, text[text.rindex(")") + 2:].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def written_bytes(pid):
    """What the process has had written to disks so far."""
    return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.MULTILINE)[1])


def descendants(pid):
    """The processes that it has started, and those that these have started, and so on."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile
            text = pathlib.Path(f"/proc/{entry}/stat").read_text(errors="replace")
            parent = int(text[text.rindex(")") + 2:].split()[1])
            children.setdefault(parent, []).append(int(entry))
    found = list(children.get(pid, []))
    for parent in found:  # grows while it is walked
        found += children.get(parent, [])
    return found


@contextlib.contextmanager
def stopping(server):
    try:
        yield server
    finally:
        server.stop()


def free_port():
    """For servers that cannot pick one themselves. Another process could take it before they do; then they do not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output(*command, cwd=None):
    """What a command says on stdout; a failure ends the bench."""
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run.stdout.strip()


def stop_on_signals():
    """SIGTERM ends the script as Ctrl-C does: through every `finally`. Ctrl-C too where the shell had it ignored."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
