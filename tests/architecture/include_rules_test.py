"""The check of the includes must be able to fail: plants offences in a tree of its own and expects each to be named."""

import pathlib
import subprocess
import sys
import tempfile

OFFENCES = {
    "storage/a.h": "grpcpp/grpcpp.h",
    "storage/b.cc": "server/engine/decide.h",
    "storage/c.cc": "rocksdb/db.h",
    "storage/rocksdb/a.cc": "google/protobuf/message.h",
    "server/engine/a.cc": "semel/v1/record.pb.h",
    "server/engine/b.h": "grpcpp/server.h",
    "server/engine/c.cc": "server/rpc/reply.h",
    "server/engine/d.cc": "server/ops/metrics.h",
    "server/engine/e.cc": "storage/rocksdb/rocksdb_storage.h",
    "server/rpc/a.cc": "server/ops/config.h",
    "server/rpc/b.cc": "prometheus/counter.h",
    "client/cpp/a.h": "storage/record.h",
    "client/cli/a.cc": "storage/rocksdb/backup.h",
    "client/cli/local/a.cc": "rocksdb/db.h",
    "client/cli/local/b.cc": "server/engine/limits.h",
    "bench/a.cc": "server/engine/limits.h",
    "bench/micro/a.cc": "server/ops/config.h",
    "tests/bench/a.cc": "server/engine/limits.h",
}
ALLOWED = {
    "storage/ok.cc": "storage/record.h",
    "storage/rocksdb/ok.cc": "rocksdb/db.h",
    "server/engine/ok.cc": "absl/strings/str_cat.h",
    "server/rpc/ok.cc": "semel/v1/idempotency_service.grpc.pb.h",
    "server/main.cc": "server/ops/config.h",
    "client/cli/local/ok.cc": "storage/rocksdb/backup.h",
    "bench/micro/ok.cc": "server/engine/decide.h",
    "tests/bench/ok.cc": "bench/load/histogram.h",
    "tests/ok.cc": "server/engine/decide.h",
}

script = pathlib.Path(__file__).with_name("include_rules.py")
with tempfile.TemporaryDirectory() as root:
    for name, header in (OFFENCES | ALLOWED).items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#include <vector>\n#include "{header}"\n')
    run = subprocess.run([sys.executable, script, root], capture_output=True, text=True)

named = {line.split(":")[0].removeprefix(root + "/") for line in run.stdout.splitlines() if line}
if run.returncode != 1 or named != set(OFFENCES):
    sys.exit(f"exit {run.returncode}; missed {set(OFFENCES) - named}, wrongly named {named - set(OFFENCES)}")
