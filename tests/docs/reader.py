"""A reader of the documents: a shell in a scratch directory, and at most one server in its background."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

PATIENCE = 120  # seconds for one command; a hung one fails the test

# Commands that go on until they are stopped.
SERVES = re.compile(r"^\s*(\./dev serve|(\S*/)?semeld)\b(?!.*--(check-config|version|help))")


class Reader:
    def __init__(self, repository, build, scratch):
        self.scratch = scratch
        self._repository = repository
        self._server = None
        for entry in repository.iterdir():  # as if the reader stood in a clone
            if entry.name not in ("build", "data", ".git"):
                (scratch / entry.name).symlink_to(entry)
        (scratch / "build").mkdir()
        (scratch / "build/release").symlink_to(build)
        self._turns = 0
        home = scratch / "home"
        home.mkdir()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SEMEL_")},
            "HOME": str(home),
            # stand-ins: for programs that documents show and that are not part of this project's tests.
            "PATH": f"{build}/client/cli:{build}/server:{repository}/tests/docs/stand-ins:{os.environ['PATH']}",
            "SEMEL_PRESET": build.name,
            "SEMEL_DATA": str(scratch / "data"),
            "CCACHE_DIR": os.environ.get("CCACHE_DIR", str(pathlib.Path.home() / ".cache/ccache")),
            "TERM": "dumb",
        }
        self._environment = environment
        report, self._report = os.pipe()
        self._answers = os.fdopen(report)
        self._shell = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=scratch, env=environment, text=True,
                                       stdin=subprocess.PIPE, pass_fds=[self._report], start_new_session=True)

    def run(self, command):
        """Exit status and output of a command, in the one shell of this document."""
        if SERVES.match(command):
            return self.serve(command)
        self._turns += 1
        typed, printed = self.scratch / f".typed-{self._turns}", self.scratch / f".printed-{self._turns}"
        typed.write_text(command + "\n")
        self._shell.stdin.write(f". {typed} </dev/null >{printed} 2>&1; echo $? >&{self._report}\n")
        self._shell.stdin.flush()
        signal.alarm(PATIENCE)  # its handler raises
        status = int(self._answers.readline())
        signal.alarm(0)
        return status, printed.read_text(errors="replace").splitlines()

    def serve(self, command):
        """Starts what serves, in place of what served before, and waits until it is ready."""
        self.stop_serving()
        log = self.scratch / "server.log"
        with open(log, "w") as out:
            self._server = subprocess.Popen(["bash", "-c", f"exec {command.strip()}"], cwd=self.scratch,
                                            env=self._environment, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while "semeld ready" not in log.read_text():
            if self._server.poll() is not None or time.monotonic() > deadline:
                return 1, log.read_text().splitlines()
            time.sleep(0.05)
        return 0, log.read_text().splitlines()

    def serves(self):
        return self._server is not None and self._server.poll() is None

    def stop_serving(self):
        if self._server is None:
            return 0
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGTERM)
        status, self._server = self._server.wait(timeout=PATIENCE), None
        return status

    def close(self):
        self._shell.stdin.close()
        self._shell.wait(timeout=PATIENCE)
        status = self.stop_serving()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return status
