"""A client that was made before a fork says so in the child, and goes on in the parent."""

import os
import sys

import semel

address, key = sys.argv[1:]
client = semel.Client(address, namespace="shop")
client.run(key, lambda attempt: "before")
child = os.fork()
if child == 0:
    try:
        client.lookup(key)
    except semel.ForkedProcess as error:
        client.close()
        os._exit(0 if "after the fork" in str(error) else 2)
    os._exit(1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
assert client.run(key, lambda attempt: "again").value == "before"
client.close()
print("ok")
