#!/usr/bin/env bash
# Builds the API server that go.mod names into build/apiserver, unless it is there already: some ten minutes of one processor.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

kubernetes=k8s.io/kubernetes
folder=$PWD/../../../build/apiserver
version=$(sed -nE "s|^require $kubernetes (v[0-9.]+)\$|\1|p" go.mod)
IFS=. read -r major minor _ <<<"${version#v}"
[[ -x $folder/kube-apiserver && $(cat "$folder/version" 2>/dev/null) == "$version" ]] && exit
mkdir -p "$folder"

# Without these words it says that it is v0.0.0, which charts refuse.
words=
for at in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  words+=" -X $at.gitVersion=$version -X $at.gitMajor=$major -X $at.gitMinor=$minor"
done
GOFLAGS='-mod=readonly -buildvcs=false' nice go build -p "${SEMEL_JOBS:-2}" -trimpath -ldflags "-s -w $words" \
  -o "$folder/kube-apiserver" "$kubernetes/cmd/kube-apiserver"
echo "$version" >"$folder/version"
