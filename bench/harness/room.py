"""Whether disk, memory and time allow a size, judged before it is begun."""

import collections
import shutil

SPARE = 0.1  # of the disk and of the memory that is free, for whatever else runs
MARGIN = 1.2  # what was found at a smaller size may be this much less than what comes

# What a key takes at most while it is filled, and how many a second are filled at least.
PerKey = collections.namedtuple("PerKey", "disk_bytes memory_bytes fill_per_s")
Room = collections.namedtuple("Room", "disk_bytes memory_bytes seconds")


def lacking(keys, per_key, room):
    """Why there is no room for so many keys, in words; empty: there is."""
    for what, wanted, there, unit in (("disk", keys * per_key.disk_bytes / 1e9, room.disk_bytes * (1 - SPARE) / 1e9, "GB"),
                                      ("memory", keys * per_key.memory_bytes / 1e9, room.memory_bytes * (1 - SPARE) / 1e9, "GB"),
                                      ("time", keys / per_key.fill_per_s / 60, room.seconds / 60, "minutes")):
        if wanted > there:
            return f"{keys:,} keys would take {wanted:,.1f} {unit} of {what}, there are {there:,.1f}"
    return ""


def learnt(keys, peak_disk_bytes, memory_bytes, fill_per_s):
    """What a size that was filled says about the next."""
    return PerKey(peak_disk_bytes / keys * MARGIN, memory_bytes / keys * MARGIN, fill_per_s / MARGIN)


def there_is(folder, seconds):
    import psutil  # late: --help answers before it is installed

    return Room(shutil.disk_usage(folder).free, psutil.virtual_memory().available, seconds)
