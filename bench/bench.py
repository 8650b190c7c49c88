#!/usr/bin/env python3
"""./dev bench [PART] [OPTIONS]: how fast Semel is. ./dev bench PART --help tells what a part measures.

Each part is a module with main(arguments); what they share is in harness/, the servers to compare with in peers/.
How to read the figures: bench/README.md.
"""

import importlib
import sys

from harness import processes

PARTS = {
    "compare": ("compare", "Semel, Redis, PostgreSQL and etcd in turn, every answer synced"),
    "mix": ("mix", "what real traffic looks like, every answer checked"),
    "scale": ("scale", "what growth costs: throughput, memory, disk, a restart"),
    "expiry": ("expiry", "as many keys expire as arrive, next to none that expires"),
    "soak": ("soak", "ten minutes of real traffic: memory flat, no growth of p99"),
    "clients": ("clients", "the client libraries of all languages next to the C++ one"),
    "micro": ("micro", "codec, rules, translation and committer alone: time and instructions"),
}


def main():
    name, *arguments = sys.argv[1:] or ["compare"]
    if name in ("-h", "--help"):
        print(__doc__)
        for part, (_, what) in PARTS.items():
            print(f"  {part:8} {what}")
        return
    if name.startswith("-"):
        name, arguments = "compare", sys.argv[1:]
    if name not in PARTS:
        sys.exit(f"no part {name}; there are: {', '.join(PARTS)}")
    try:
        sys.exit(importlib.import_module(PARTS[name][0]).main(arguments))
    except processes.Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
