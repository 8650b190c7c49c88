"""Faults of the disk: full, and one whose writer is stopped. Both need to mount file systems."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import semel
from monitored import Monitored, chart_rules, monitored
from shortened import shortened

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@contextmanager
def on(disk: Path) -> Iterator[Monitored]:
    """Semel, with its data on the disk and everything else beside it."""
    (disk / "data").mkdir()
    (disk.parent / "data").symlink_to(disk / "data")
    with monitored(disk.parent, "", chart_rules(shortened)) as both:
        yield both


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    with on(small_disk) as watched, semel.Client(
        watched.semeld.address, namespace="shop", call_timeout=1, try_timeout=1
    ) as client:
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"b" * 4096)
            except OSError:
                pass  # that is all there is
        watched.prometheus.wait_for_alert("SemelDiskAlmostFull")
        with pytest.raises(semel.SemelError):
            for n in range(10_000):
                answer = client.begin(f"order/{n}")
                assert isinstance(answer, semel.Acquired)
                client.complete(f"order/{n}", answer.token, semel.Result(b"x" * 3000))
        alert = watched.prometheus.wait_for_alert("SemelStorageFailed")
        assert "semel-0" in alert.annotations["summary"]

        def fails() -> bool:
            with pytest.raises(semel.SemelError):
                client.begin("order/1017")
            return any(a.name == "SemelAvailabilityBurnFast" and a.state == "firing" for a in watched.prometheus.alerts())

        watched.prometheus.wait_for(fails, "calls that fail use up the errors of a month")


@pytest.mark.skipif(shutil.which("bindfs") is None, reason="bindfs is not installed")
def test_a_disk_whose_writer_is_stopped(tmp_path: Path) -> None:
    """The data lies on a file system that a process serves, as on a network disk; that process is stopped."""
    disk, behind = tmp_path / "disk", tmp_path / "behind"
    disk.mkdir()
    behind.mkdir()
    writer = subprocess.Popen(["bindfs", "-f", behind, disk])
    try:
        mounted = f" {disk} fuse"
        deadline = threading.Event()
        for _ in range(300):
            if mounted in Path("/proc/mounts").read_text() or deadline.wait(0.1):
                break
        with on(disk) as watched, semel.Client(
            watched.semeld.address, namespace="shop", call_timeout=120, try_timeout=120
        ) as client:
            writer.send_signal(signal.SIGSTOP)
            stuck = threading.Thread(target=client.begin, args=("order/17",))
            stuck.start()
            try:
                watched.prometheus.wait_for(
                    lambda: {"SemelCommitsStopped", "SemelDown"}
                    & {alert.name for alert in watched.prometheus.alerts() if alert.state == "firing"},
                    "a disk that does not answer is told",
                )
                print(sorted(alert.name for alert in watched.prometheus.alerts()))
            finally:
                writer.send_signal(signal.SIGCONT)
                stuck.join()
    finally:
        writer.send_signal(signal.SIGCONT)
        subprocess.run(["umount", "--lazy", disk], check=False)
        writer.wait(30)
