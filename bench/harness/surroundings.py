"""What the kernel counts while something is measured."""

import contextlib
import os
import pathlib
import resource
import time


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


class Noise:
    """Processors that others took away since this was made: other programs, and the hypervisor under this machine ("steal")."""

    def __init__(self, server):
        self.server = server
        self.begun, self.before = time.monotonic(), spent_so_far(server.family)

    def cores(self):
        """The generators that ran meanwhile have ended."""
        seconds, now = time.monotonic() - self.begun, spent_so_far(self.server.family)
        spent = {name: now[name] - self.before[name] for name in now}
        return {"others_cores": max(0, spent["busy"] - spent["ours"]) / seconds, "steal_cores": spent["steal"] / seconds}


def spent_so_far(family):
    """Processor seconds of the machine, and those of a server, of this script, and of what they started. Interrupts and threads of the kernel
    are not counted as others': nearly all that they do is for the load, a tenth of a processor with thousands of syncs."""
    import psutil  # late: --help answers before it is installed

    machine = psutil.cpu_times()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ours = sum(each.ru_utime + each.ru_stime for each in used)
    for member in [*family.members(), *kernel_threads()]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            ours += sum(member.cpu_times()[:4])
    return {"busy": machine.user + machine.nice + machine.system, "steal": machine.steal, "ours": ours}


def kernel_threads():
    """None where a container hides them."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(2)
        if parent.name() == "kthreadd":
            return parent.children()
    return []
