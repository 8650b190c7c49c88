"""Processes in a root directory of their own, as a container engine starts them: bubblewrap for the view, setpriv for the user.

    with Network(root, names=["semel"]) as network:
        server = start(root, ["/usr/bin/semeld"], Identity(10001, 10001), network=network)

bubblewrap is run by root and makes no user namespace: the user inside is the user outside, and what may be written is decided by owners
and modes on the disk, as on a node.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

PATIENCE = 60.0  # seconds; only what hangs gets there
GLANCE = 0.02  # seconds, between two looks at what nobody tells of
_CLONE_NEWNET = 0x40000000
_PREPARING = {"bwrap", "setpriv"}
_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Identity:
    user: int
    group: int
    others: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        """For setpriv: this user with these groups, without any capability, and no way to get one."""
        groups = ["--groups", ",".join(map(str, self.others))] if self.others else ["--clear-groups"]
        return ["setpriv", "--reuid", str(self.user), "--regid", str(self.group), *groups,
                "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


@dataclasses.dataclass(frozen=True)
class Mount:
    """Something of the outside, or with no source a file system in memory, at a path of the inside."""

    path: str
    source: pathlib.Path | None = None
    read_only: bool = False

    def arguments(self) -> list[str]:
        if self.source is None:
            return ["--perms", "1777", "--tmpfs", self.path]
        return ["--ro-bind" if self.read_only else "--bind", str(self.source), self.path]


class Network:
    """Interfaces of its own, of which there is only the loopback, and the names that stand for it: fixed ports collide with nobody's."""

    def __init__(self, root: pathlib.Path, names: Sequence[str]) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="semel-network-")
        hosts = pathlib.Path(self._scratch.name) / "hosts"
        hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ["localhost", *names]), encoding="utf-8")
        self.mounts = [Mount("/etc/hosts", hosts, read_only=True)]
        # As in a pod, one process holds the network while the others come and go.
        self._holder = start(root, ["sleep", "infinity"], Identity(65535, 65535), shares_network=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._holder.kill()
        self._scratch.cleanup()

    @property
    def path(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are of this network, and stay so."""
        with open("/proc/thread-self/ns/net", encoding="utf-8") as mine, open(self.path, encoding="utf-8") as its:
            _set_network(its.fileno())
            try:
                yield
            finally:
                _set_network(mine.fileno())


def _set_network(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Process:
    """A process 1 in its own view of the machine, and what it writes."""

    def __init__(self, arguments: list[str], information: int) -> None:
        self._output = tempfile.TemporaryFile(mode="a+", encoding="utf-8")  # appended to, wherever it is read
        self._wrapper = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
                                         pass_fds=[information])
        self._said = ""
        self.pid = 0

    def told(self, reader: int) -> None:
        """Reads from bubblewrap which process of this machine is process 1 of the inside."""
        said = b""
        while not said.rstrip().endswith(b"}"):
            ready, _, _ = select.select([reader], [], [], PATIENCE)
            more = os.read(reader, 4096) if ready else b""
            if not more:
                self._wrapper.kill()
                self._reap(PATIENCE)
                raise AssertionError(f"bubblewrap started nothing:\n{self.output()}")
            said += more
        self.pid = json.loads(said)["child-pid"]

    def await_command(self) -> None:
        """Until then its view is being made: mounts, and the loopback of a network of its own."""
        deadline = time.monotonic() + PATIENCE
        name = pathlib.Path(f"/proc/{self.pid}/comm")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended already
            while name.read_text(encoding="utf-8").strip() in _PREPARING:
                if time.monotonic() > deadline:
                    raise AssertionError("bubblewrap did not come to the command")
                time.sleep(GLANCE)

    def output(self) -> str:
        """All of it so far."""
        if self._output.closed:
            return self._said
        self._output.seek(0)
        return self._output.read()

    def _reap(self, seconds: float) -> int:
        status = self._wrapper.wait(timeout=seconds)
        self._said = self.output()
        self._output.close()
        return status

    @property
    def running(self) -> bool:
        return self._wrapper.poll() is None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status; a process that takes longer is killed, and that is an error."""
        try:
            return self._reap(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds} s:\n{self.output()}") from None

    def kill(self) -> None:
        if self.running:
            self.signal(signal.SIGKILL)
        self._reap(PATIENCE)

    def enter(self, command: Sequence[str], identity: Identity) -> subprocess.CompletedProcess[str]:
        """Runs a command beside it, in the same view, as `kubectl exec` and hooks do."""
        return subprocess.run(["nsenter", "--target", str(self.pid), "--mount", "--pid", "--ipc", "--uts", "--net",
                               *identity.arguments(), *command],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)


def start(root: pathlib.Path, command: Sequence[str], identity: Identity | None = None, *, mounts: Sequence[Mount] = (),
          workdir: str = "/", environment: dict[str, str] | None = None, network: Network | None = None,
          shares_network: bool = True, writable: bool = False) -> Process:
    """Starts a command as process 1. Without an identity it stays root, as what builds an image does."""
    arguments = ["nsenter", f"--net={network.path}"] if network else []
    arguments += ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts",
                  "--bind" if writable else "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
    if not shares_network:
        arguments.append("--unshare-net")
    for mount in [*(network.mounts if network else []), *mounts]:
        make_place(root, mount)
        arguments += mount.arguments()
    arguments += ["--chdir", workdir, "--clearenv", "--setenv", "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    for name, value in (environment or {}).items():
        arguments += ["--setenv", name, value]
    reader, writer = os.pipe()
    try:
        arguments += ["--info-fd", str(writer), "--", *(identity.arguments() if identity else []), *command]
        process = Process(arguments, writer)
        os.close(writer)
        writer = -1
        process.told(reader)
        process.await_command()
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    return process


def make_place(root: pathlib.Path, mount: Mount) -> None:
    """Where nothing is to mount over, container engines make it, as root, before the root becomes read-only."""
    place = root / mount.path.lstrip("/")
    if place.exists():
        return
    if mount.source is None or mount.source.is_dir():
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
