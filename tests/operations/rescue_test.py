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
MOUNTS = ("/var/lib/semel", "/var/backups/semel")
IN_THE_POD = "kubectl -n semel exec semel-rescue -- "
PATIENCE = 60.0
UNSOUND = 14


class Pod:
    """The rescue pod's mounts, below one directory."""

    def __init__(self, volumes: Path, semel_program: str) -> None:
        self._volumes, self._program = volumes, semel_program
        for mount in MOUNTS:
            self.path(mount).mkdir(parents=True)
            (self.path(mount) / "lost+found").mkdir()  # as the root of an ext4 volume has it

    def path(self, mount: str) -> Path:
        return self._volumes / mount.lstrip("/")

    def run(self, command: str) -> tuple[int, str]:
        words = [str(self._volumes / word.lstrip("/")) if word.startswith(MOUNTS) else word for word in shlex.split(command)]
        program = self._program if words[0] == "semel" else words[0]
        done = subprocess.run([program, *words[1:]], text=True, capture_output=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr


def typed_in_the_pod() -> list[str]:
    blocks = fenced.run_by(DOCUMENT, "rescue_test.py")
    return [command.text.removeprefix(IN_THE_POD) for block in blocks for command in block if command.text.startswith(IN_THE_POD)]


@pytest.fixture
def pod(tmp_path: Path, semel_program: str) -> Pod:
    return Pod(tmp_path / "volumes", semel_program)


def serve(server_in: Callable[..., Semeld], pod: Pod) -> Semeld:
    """As the chart has it: each directory below its volume's mount."""
    return server_in(
        pod.path("/var/lib/semel"), f"log:\n  level: warning\nbackup:\n  directory: {pod.path('/var/backups/semel/backups')}\n"
    )


def test_the_pod_restores_what_the_volume_lost(server_in: Callable[..., Semeld], pod: Pod) -> None:
    server = serve(server_in, pod)
    with client_library.Client(server.address, namespace="shop") as client, client_library.AdminClient(server.address) as admin:
        client.run("order/17", lambda attempt: "shipped")
        admin.create_backup(actor="a test")
    server.stop()
    look, *restoring = typed_in_the_pod()

    status, said = pod.run(look)
    assert (status, "sound" in said) == (0, True), "before the damage the page says to stop here"
    damage(pod.path("/var/lib/semel/data"))
    status, said = pod.run(look)
    assert status == UNSOUND, said

    assert [command.split()[0] for command in restoring] == ["semel", "semel", "semel", "mv", "mv"]
    for command in restoring:
        status, said = pod.run(command)
        assert status == 0, f"{command}: {said}"
    again = serve(server_in, pod)
    with client_library.Client(again.address, namespace="shop") as client:
        assert client.run("order/17", lambda attempt: "shipped again").replayed
    assert (pod.path("/var/lib/semel/unsound") / "FORMAT").exists(), "the old one is kept"


def test_a_server_in_the_way_is_seen(server_in: Callable[..., Semeld], pod: Pod) -> None:
    """Where step 1 was left out."""
    server = serve(server_in, pod)
    with client_library.Client(server.address, namespace="shop") as client:
        client.run("order/17", lambda attempt: "shipped")
        look, *_ = typed_in_the_pod()
        status, said = pod.run(look)
        assert (status, "in use by process" in said) == (13, True)
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
