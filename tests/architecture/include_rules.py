#!/usr/bin/env python3
"""Checks that every room includes only what it may: rpc -> engine -> storage, and nothing points back.

    python3 tests/architecture/include_rules.py [ROOT]

Prints each forbidden include as file:line and exits 1 if there is any.
"""

import pathlib
import re
import sys

# Kinds of headers, most special first: (kind, pattern of the included path).
KINDS = [
    ("grpc", r"(grpc|grpcpp|grpc\+\+)/|.*\.grpc\.pb\.h$"),
    ("protobuf", r"google/protobuf/|semel/|.*\.pb\.h$"),
    ("rocksdb library", r"rocksdb/"),
    ("prometheus", r"prometheus/|civetweb|Civet"),
    ("yaml", r"yaml-cpp/"),
    ("spdlog", r"spdlog/"),
    ("storage/rocksdb", r"storage/rocksdb/"),
    ("storage", r"storage/"),
    ("engine", r"server/engine/"),
    ("rpc", r"server/rpc/"),
    ("ops", r"server/ops/"),
    ("client", r"client/"),
    ("bench", r"bench/"),
    ("docs", r"docs/"),
    ("tests", r"tests/"),
]
ALL = {kind for kind, _ in KINDS}

# Rooms, most special first: (folder, what it may include). What is of no kind above (the standard library, Abseil, ...) is free.
ROOMS = [
    ("storage/rocksdb", {"storage/rocksdb", "storage", "rocksdb library"}),
    ("storage", {"storage"}),
    ("server/engine", {"engine", "storage"}),
    ("server/rpc", {"rpc", "engine", "storage", "grpc", "protobuf"}),
    ("server/ops", {"ops", "rpc", "engine", "storage", "storage/rocksdb", "prometheus", "yaml", "spdlog", "grpc"}),
    ("server", ALL - {"client", "bench", "tests"}),
    ("client/cli/local", {"client", "protobuf", "storage/rocksdb"}),
    ("client", {"client", "grpc", "protobuf"}),
    ("docs", {"docs", "client", "ops", "engine", "storage"}),
    ("bench/micro", {"bench", "rpc", "engine", "storage", "storage/rocksdb", "protobuf"}),
    ("bench", {"bench", "grpc", "protobuf"}),
    ("tests/bench", {"bench", "tests"}),
    ("tests", ALL - {"bench"}),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def kind_of(header):
    return next((kind for kind, pattern in KINDS if re.match(pattern, header)), None)


def forbidden_includes(path, folder, allowed):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        kind = match and kind_of(match.group(1))
        if kind and kind not in allowed:
            yield f"{path}:{number}: {folder}/ may not include {match.group(1)} ({kind})"


def room_of(relative):
    return next((room for room in ROOMS if relative.startswith(room[0] + "/")), None)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    files = [path for folder in sorted({room[0].split("/")[0] for room in ROOMS})
             for path in sorted((root / folder).rglob("*")) if path.suffix in (".h", ".cc")]
    found = [message for path in files for message in forbidden_includes(path, *room_of(str(path.relative_to(root))))]
    for message in found:
        print(message)
    if not files:
        sys.exit(f"no C++ files under {root}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
