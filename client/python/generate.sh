#!/usr/bin/env bash
# Makes src/semel/v1 and src/semel/wire from proto/, always the same bytes from the same protos. Commit what changes.
#
# The compiler is pinned, in a virtual environment of its own under build/. Needs python3-venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=client/python
venv=build/python-generate

if ! cmp -s "$here/requirements-generate.txt" "$venv/installed.txt"; then
  rm -rf "$venv"
  "${PYTHON:-/usr/bin/python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --no-deps -r "$here/requirements-generate.txt"
  cp "$here/requirements-generate.txt" "$venv/installed.txt"
fi

out=$here/src
rm -f "$out"/semel/v1/*_pb2* "$out"/semel/wire/v1/*_pb2*
protos=(semel/v1/{error,record,idempotency_service,admin_service}.proto semel/wire/v1/status.proto)
services=(semel/v1/{idempotency_service,admin_service}.proto)
"$venv/bin/python" -m grpc_tools.protoc -I proto --python_out="$out" --pyi_out="$out" "${protos[@]}"
"$venv/bin/python" -m grpc_tools.protoc -I proto --grpc_python_out="$out" "${services[@]}"
