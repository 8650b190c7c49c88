"""What the figures belong to: machine, disk, versions."""

import os
import pathlib
import platform
import re
import tempfile
import time

from harness import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHOUT_A_DISK = {"tmpfs", "ramfs"}


def facts(folder):
    """Of the machine, and of the disk under `folder`."""
    return {
        "commit": processes.output("git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "describe", "--always", "--dirty"),
        "cpu": first(r"model name\s*:\s*(.*)", "/proc/cpuinfo"),
        "cpus": os.cpu_count(),
        "memory_gb": round(int(first(r"MemTotal:\s*(\d+)", "/proc/meminfo")) * 1024 / 1e9),
        "system": first(r'PRETTY_NAME="?([^"\n]*)', "/etc/os-release"),
        "kernel": platform.release(),
        "file_system": processes.output("stat", "--file-system", "--format=%T", folder),
        "load_average": os.getloadavg()[0],
        "fdatasync_ms": fdatasync_ms(folder),
    }


def first(pattern, path):
    match = re.search(pattern, pathlib.Path(path).read_text())
    return match.group(1).strip() if match else "?"


def describe(machine):
    lines = ["{cpus} × {cpu}, {memory_gb} GB, {system}, Linux {kernel}, Semel {commit}",
             "load average {load_average:.2f}; 4 KB append + fdatasync on this {file_system}: {fdatasync_ms:.3f} ms"]
    if machine["file_system"] in WITHOUT_A_DISK:
        lines.append("WARNING: not a file system on a disk: a sync costs nothing here, and no figure means anything")
    return "\n".join(lines).format(**machine)


def fdatasync_ms(folder, times=200):
    """Median of one 4 KB append + fdatasync: what no acknowledged write on this disk can go below."""
    samples = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            started = time.monotonic()
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            samples.append((time.monotonic() - started) * 1000)
    return sorted(samples)[times // 2]


def disk_bytes(folder):
    """Allocated blocks of all files."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:  # compaction removes files
                pass
    return total
