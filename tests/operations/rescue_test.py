"""The restore of docs/backup.md in Kubernetes: what it types inside of the pod, in directories that stand for the volumes."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import fenced
import semel as client_library
from semeld import Semeld

DOCUMENT = fenced.REPOSITORY / "docs/backup.md"
MOUNTS = ("/var/lib/semel", "/restored", "/var/backups/semel")
IN_THE_POD = "kubectl -n semel exec semel-rescue -- "
PATIENCE = 60.0
UNSOUND = 14


class Pod:
    """The rescue pod's mounts, below one directory."""

    def __init__(self, volumes: Path, semel_program: str) -> None:
        self._volumes, self._program = volumes, semel_program
        for mount in MOUNTS:
            self.path(mount).mkdir(parents=True)
        (self.path("/restored") / "lost+found").mkdir()  # as the root of a new ext4 volume has it

    def path(self, mount: str) -> Path:
        return self._volumes / mount.lstrip("/")

    def run(self, command: str) -> tuple[int, str]:
        words = [str(self._volumes / word.lstrip("/")) if word.startswith(MOUNTS) else word for word in shlex.split(command)]
        assert words[0] == "semel"
        done = subprocess.run([self._program, *words[1:]], text=True, capture_output=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr


def typed_in_the_pod() -> list[str]:
    blocks = fenced.run_by(DOCUMENT, "rescue_test.py")
    return [command.text.removeprefix(IN_THE_POD) for block in blocks for command in block if command.text.startswith(IN_THE_POD)]


@pytest.fixture
def pod(tmp_path: Path, semel_program: str) -> Pod:
    return Pod(tmp_path / "volumes", semel_program)


def serve(server_in: Callable[..., Semeld], pod: Pod, mount: str, scratch: Path) -> Semeld:
    """On the volume's root, as the chart has it."""
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "data").symlink_to(pod.path(mount))
    return server_in(scratch, f"log:\n  level: warning\nbackup:\n  directory: {pod.path('/var/backups/semel')}\n")


def test_the_pod_restores_what_the_volume_lost(server_in: Callable[..., Semeld], pod: Pod, tmp_path: Path) -> None:
    server = serve(server_in, pod, "/var/lib/semel", tmp_path / "first")
    with client_library.Client(server.address, namespace="shop") as client, client_library.AdminClient(server.address) as admin:
        client.run("order/17", lambda attempt: "shipped")
        admin.create_backup(actor="a test")
    server.stop()
    look, backups, restore, verify = typed_in_the_pod()

    status, said = pod.run(look)
    assert (status, "sound" in said) == (0, True), "before the damage the page says to stop here"
    damage(pod.path("/var/lib/semel"))
    status, said = pod.run(look)
    assert status == UNSOUND, said

    for command in (backups, restore, verify):
        status, said = pod.run(command)
        assert status == 0, f"{command}: {said}"
    again = serve(server_in, pod, "/restored", tmp_path / "second")
    with client_library.Client(again.address, namespace="shop") as client:
        assert client.run("order/17", lambda attempt: "shipped again").replayed


def test_nothing_is_restored_under_a_server(server_in: Callable[..., Semeld], pod: Pod, tmp_path: Path) -> None:
    """Where step 1 was left out: the volumes are held."""
    server = serve(server_in, pod, "/restored", tmp_path / "running")
    with client_library.Client(server.address, namespace="shop") as client, client_library.AdminClient(server.address) as admin:
        client.run("order/17", lambda attempt: "shipped")
        admin.create_backup(actor="a test")
        _, _, restore, verify = typed_in_the_pod()
        assert [pod.run(command)[0] for command in (restore, verify)] == [13, 13]
        assert client.run("order/17", lambda attempt: "shipped again").replayed


def damage(data: Path) -> None:
    """One flipped bit in the middle of the largest table."""
    table = max((data / "db").glob("*.sst"), key=lambda file: file.stat().st_size)
    with table.open("r+b") as file:
        file.seek(40)
        byte = file.read(1)[0]
        file.seek(40)
        file.write(bytes([byte ^ 1]))
        os.fsync(file.fileno())
