"""Servers under test, started, waited for, paused and stopped by their process ids; and commands that end by themselves."""

import contextlib
import pathlib
import re
import signal
import socket
import subprocess
import threading
import urllib.request

READY_TIMEOUT_S = 300  # after a crash some read all they have
STOP_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = 120
# Whatever ends this script, kill -9 too, ends what it has started.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class Failed(Exception):
    """Something that was to be measured did not do what it must; the text tells a person what."""


class Refused(Failed):
    """A server turned load away, and nothing else went wrong."""


class Server:
    """A process that says in a line that matches `ready` that it serves. What it says goes to `log`."""

    stop_signal = signal.SIGTERM

    def __init__(self, command, log, ready, under=DIES_WITH_US):
        from harness.family import Family  # late: --help answers before psutil is installed

        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        # In a session of its own: Ctrl-C reaches this script, which then stops the server in good order.
        self.process = subprocess.Popen([*under, *self.command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self.pid = self.process.pid
        self.family = Family(self.pid)
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
        raise Failed(f"{' '.join(self.command)} did not get ready:\n{self.tail()}")

    def _drain(self):
        with open(self.log, "a", encoding="utf-8") as log_file:
            for line in self.process.stdout:
                log_file.write(line)
                log_file.flush()

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def pause(self):
        """Stops it where it is, with all it has started: while another is measured it must not tidy up behind itself."""
        self.family.pause()

    def resume(self):
        self.family.resume()

    def kill(self):
        """kill -9: what a crash does to a process. Returns when nothing is left of it."""
        self.family.kill()
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


def output(*command, cwd=None, limit_s=COMMAND_TIMEOUT_S):
    """What a command says on stdout."""
    words = [str(part) for part in command]
    try:
        run = subprocess.run([*DIES_WITH_US, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd, timeout=limit_s)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(words)} did not end within {limit_s:g} s") from late
    if run.returncode != 0:
        raise Failed(f"{' '.join(words)} failed with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run.stdout.strip()


def metrics(url):
    """{name: value} of a page in Prometheus' format, of the samples without labels."""
    from prometheus_client import parser  # late, as above

    try:
        with urllib.request.urlopen(url, timeout=10) as page:
            families = list(parser.text_string_to_metric_families(page.read().decode()))
    except OSError as error:
        raise Failed(f"{url}: {error}") from error
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def stop_on_signals():
    """SIGTERM and the end of the terminal end the script as Ctrl-C does: through every `finally`. Ctrl-C too where the shell had it
    ignored."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means it
        signal.signal(signal.SIGHUP, interrupt)
