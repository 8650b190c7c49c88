"""What the kernel counts while something is measured."""

import os
import pathlib


def flushes(folder):
    """How often the disk under `folder` was told so far to make durable what it was given, by whomever. None: the kernel does not tell."""
    device = os.stat(folder).st_dev
    disk = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    if (disk / "partition").exists():
        disk = disk.parent  # flushes are those of a whole disk
    try:
        fields = [int(field) for field in (disk / "stat").read_text().split()]
    except FileNotFoundError:  # the file system has no disk of its own
        return None
    # As in /proc/diskstats. Older kernels have fewer fields, and layers such as encryption never count any.
    return fields[15] or None if len(fields) > 15 else None
