#!/bin/sh
# Makes the Go code of proto/semel/v1 in semelv1/. Needs protoc 3.21 (Debian: protobuf-compiler) and Go; its plugins are built at the
# versions below. `./dev test go` runs it, and fails where the sums of the files
# differ then.
set -eu
cd "$(dirname "$0")"

protoc --version | grep -q '^libprotoc 3\.21\.' || {
  echo "generate.sh: protoc 3.21 is needed, for the same bytes everywhere; this is $(protoc --version)" >&2
  exit 1
}

tools=$PWD/../../build/go-tools
mkdir -p "$tools"
GOBIN=$tools go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10
GOBIN=$tools go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1

rm -f semelv1/*.pb.go
protoc --proto_path=../../proto \
  --plugin="$tools/protoc-gen-go" --go_out=. --go_opt=module=semel.dev/go \
  --plugin="$tools/protoc-gen-go-grpc" --go-grpc_out=. --go-grpc_opt=module=semel.dev/go \
  semel/v1/admin_service.proto semel/v1/error.proto semel/v1/idempotency_service.proto semel/v1/record.proto
