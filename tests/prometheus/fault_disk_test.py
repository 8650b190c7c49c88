"""Faults of the disk: full, and one whose writer is stopped. Both need to mount file systems."""

from __future__ import annotations

import errno
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
from semeld import eventually
from shortened import shortened

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@contextmanager
def on(disk: Path) -> Iterator[Monitored]:
    """Semel, with its data on the disk and everything else beside it."""
    (disk / "data").mkdir()
    (disk.parent / "data").symlink_to(disk / "data")
    with monitored(disk.parent, "", chart_rules(shortened)) as both:
        yield both


@contextmanager
def mounted(disk: Path, *words: str | Path) -> Iterator[None]:
    """Unmounted whatever happens within the block; lazily, as a process that could not be ended may still use it."""
    subprocess.run(["mount", *words, disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs"):
        yield disk


def test_a_full_disk(small_disk: Path) -> None:
    with on(small_disk) as watched, semel.Client(
        watched.semeld.address, namespace="shop", call_timeout=1, try_timeout=1
    ) as client:
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            with pytest.raises(OSError) as full:
                while True:
                    file.write(b"b" * 4096)
            assert full.value.errno == errno.ENOSPC
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

        def refuses_items() -> bool:
            for answer in client.batch_begin([semel.BeginRequest(f"mail/{n}") for n in range(50)]):
                assert isinstance(answer, semel.SemelError)
            return any(alert.name == "SemelRefusing" and alert.state == "firing" for alert in watched.prometheus.alerts())

        watched.prometheus.wait_for(refuses_items, "items of batches are refused")


@contextmanager
def stuck_call(watched: Monitored) -> Iterator[None]:
    """One Begin that is under way within the block; whoever leaves it has brought the disk back."""
    with semel.Client(watched.semeld.address, namespace="shop", call_timeout=120, try_timeout=120) as client:
        call = threading.Thread(target=client.begin, args=("order/17",))
        call.start()
        yield
        call.join()


@pytest.fixture
def frozen_disk(tmp_path: Path) -> Iterator[Path]:
    """An ext4 of its own in a file, which `fsfreeze --freeze` makes take no writes, and wait."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(128 << 20)
    disk.mkdir()
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    with mounted(disk, "-o", "loop", image):
        yield disk


def test_a_disk_that_takes_no_writes(frozen_disk: Path) -> None:
    with on(frozen_disk) as watched:
        watched.prometheus.wait_for_value("count_over_time(semel_build_info[1m]) > 8")
        assert watched.prometheus.alerts() == [], "nobody calls, and the disk works"
        subprocess.run(["fsfreeze", "--freeze", frozen_disk], check=True)
        try:
            with stuck_call(watched):
                watched.prometheus.wait_for_alert("SemelCommitsStopped")
                subprocess.run(["fsfreeze", "--unfreeze", frozen_disk], check=True)
        except BaseException:
            # Neither semeld nor this test could end on a frozen disk.
            subprocess.run(["fsfreeze", "--unfreeze", frozen_disk], check=False)
            raise
        watched.prometheus.wait_for(
            lambda: all(alert.name != "SemelCommitsStopped" for alert in watched.prometheus.alerts()), "the alert ends"
        )


def is_served(disk: Path) -> bool:
    return f" {disk} fuse" in Path("/proc/mounts").read_text()


@contextmanager
def serving(disk: Path, writer: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """In the end it runs on, so that it can answer the unmounting; that ends it, and if it never mounted, a signal does."""
    try:
        yield writer
    finally:
        writer.send_signal(signal.SIGCONT)
        try:
            if is_served(disk):
                subprocess.run(["umount", "--lazy", disk], check=True)
            else:
                writer.terminate()
            writer.wait(30)
        finally:
            writer.kill()  # nothing, where it has ended
            writer.wait()


@pytest.fixture
def served_disk(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A file system that a process serves, as one over the network is; with that process."""
    disk, behind = tmp_path / "disk", tmp_path / "behind"
    disk.mkdir()
    behind.mkdir()
    with serving(disk, subprocess.Popen(["bindfs", "-f", behind, disk])) as writer:
        assert eventually(lambda: is_served(disk)), "bindfs does not mount"
        yield disk, writer


@pytest.mark.skipif(shutil.which("bindfs") is None, reason="bindfs is not installed")
def test_a_disk_whose_writer_is_stopped(served_disk: tuple[Path, subprocess.Popen[bytes]]) -> None:
    disk, writer = served_disk
    with on(disk) as watched:
        writer.send_signal(signal.SIGSTOP)
        try:
            with stuck_call(watched):
                watched.prometheus.wait_for_alert("SemelCommitsStopped")
                assert all(alert.name != "SemelDown" for alert in watched.prometheus.alerts()), "scrapes do not ask the disk"
                assert watched.semeld.http("/livez")[0] == 200, "or the kubelet would kill a server that only has to wait"
                writer.send_signal(signal.SIGCONT)
        except BaseException:
            writer.send_signal(signal.SIGCONT)
            raise
