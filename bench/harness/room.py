"""Whether disk and memory still have room: looked at again and again while servers grow."""

import collections
import shutil

SPARE = 0.2  # of what was free in the beginning, for whatever else runs, and for the pages that a fork of Redis copies

Free = collections.namedtuple("Free", "disk_bytes memory_bytes")


class Room:
    """On the disk under `folder`, and in memory."""

    def __init__(self, folder):
        self.folder, self.begun = folder, free(folder)

    def lacking(self, disk_bytes=0):
        """Why nothing more may be stored, in words; empty: there is room. So much disk is left for a server that writes all it has once
        more, as compactions and rewrites of logs do."""
        return shortage(free(self.folder), Free(self.begun.disk_bytes * SPARE + disk_bytes, self.begun.memory_bytes * SPARE))


def shortage(there, kept):
    for what, left, least in zip(("disk", "memory"), there, kept, strict=True):
        if left < least:
            return f"{left / 1e9:,.1f} GB of {what} are free, and {least / 1e9:,.1f} must stay so"
    return ""


def free(folder):
    import psutil  # late: --help answers before it is installed

    return Free(shutil.disk_usage(folder).free, psutil.virtual_memory().available)
