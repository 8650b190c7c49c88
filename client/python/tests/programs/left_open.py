"""A client that nobody closes does not keep the program from ending, not even with a lease in hand."""

import sys

import semel

address, key = sys.argv[1:]
client = semel.Client(address, namespace="shop")
attempt = client.attempt(key)
attempt.__enter__()
print("ok")
