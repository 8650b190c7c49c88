"""A function that forks: the child that leaves it ends as it wants to, and the parent's outcome counts."""

import os
import sys

import semel

address, key = sys.argv[1:]


def work(attempt: semel.Attempt) -> int:
    child = os.fork()
    if child == 0:
        sys.exit(7)  # passes through run(), which reports nothing
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


with semel.Client(address, namespace="shop") as client:
    assert client.run(key, work).value == 7
    assert client.run(key, work).replayed
print("ok")
