#!/usr/bin/env bash
# The client libraries in other languages than C++: what each takes is installed, then its checks and tests run against a real
# semeld. Sourced by dev, which brings need, die, say, phase, build and the lists of packages.

languages=(python go)
python_packages=(python3 python3-venv redis-server postgresql) # the last two: the broker of the tests of Celery, the database of docs/recipes
# Only to fetch the toolchain that client/go/go.mod asks for, where none that is new enough is at hand.
go_packages=(golang-go ca-certificates)

# Where the toolchain of a language cannot be had, its suites are left out, loudly; never in CI.
without_toolchain() {
  local language=$1 why=$2
  [[ ${CI:-} != true ]] || die "$language: $why; in CI nothing is left out"
  printf '\n********  SKIPPED: the tests of client/%s: %s\n\n' "$language" "$why" >&2
  skipped+=("$language")
}

# ---- Python ------------------------------------------------------------------------------------------------------------

# Debian's, whichever stands first in the PATH.
client_python=/usr/bin/python3
[[ -x $client_python ]] || client_python=python3

setup_python() {
  need "${python_packages[@]}"
  PYTHON=$client_python client/python/venv.sh >/dev/null
}

check_python() {
  (cd client/python && ../../build/python/bin/ruff format --check --quiet . && ../../build/python/bin/ruff check --quiet . &&
    ../../build/python/bin/mypy)
}

run_python() {
  (cd client/python && ../../build/python/bin/python -m pytest -q ${1:+-k "$1"}) 2>&1 | tee build/test-python.log
}

count_python() { sed -nE 's/.*[^0-9]?([0-9]+) passed.*/\1/p' build/test-python.log | tail -n 1; }

# ---- Go ----------------------------------------------------------------------------------------------------------------

go_wanted() { sed -n 's/^toolchain go//p' client/go/go.mod; }

# The newest Go at hand serves if go.mod takes it. Else Debian's, which is older, fetches the one that go.mod names as what it
# is to the module proxy: a module.
setup_go() {
  local at_hand wanted
  wanted=$(go_wanted)
  at_hand=$(go env GOVERSION 2>/dev/null | sed 's/^go//')
  if [[ -n $at_hand && $(printf '%s\n' "$wanted" "$at_hand" | sort -V | head -n 1) == "$wanted" ]]; then return; fi
  need "${go_packages[@]}"
  fetch_go "$wanted"
  PATH=$PWD/build/go-$wanted/bin:$PATH
}

fetch_go() {
  local version=$1 machine folder
  [[ -x build/go-$version/bin/go ]] && return
  machine=$(dpkg --print-architecture)
  say "Fetching Go $version"
  mkdir -p build/go-fetch
  folder=$(cd build/go-fetch && printf 'module fetch\n' >go.mod &&
    GOFLAGS=-mod=mod GOMODCACHE=$PWD/modules go mod download -json "golang.org/toolchain@v0.0.1-go$version.linux-$machine" |
    sed -n 's/.*"Dir": "\(.*\)".*/\1/p') || return
  # Modules are kept read-only, and without the right to run.
  chmod -R u+w "$folder" && chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/* && mv "$folder" "build/go-$version" && rm -rf build/go-fetch
}

check_go() { (cd client/go && test -z "$(gofmt -l . | tee /dev/stderr)" && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck ./...); }

run_go() { (cd client/go && go test -count=1 -race -v ${1:+-run "$1"} ./...) 2>&1 | tee build/test-go.log | grep -vE '^ *(=== |--- PASS)'; }

count_go() { grep -cE '^ *--- PASS' build/test-go.log; }

# ---- both --------------------------------------------------------------------------------------------------------------

test_language() {
  local language=$1 filter=${2:-}
  "setup_$language" || { without_toolchain "$language" "its toolchain could not be installed" && return; }
  phase "$language: semeld" build dev semeld
  export SEMEL_TEST_SEMELD=$PWD/build/dev/server/semeld
  [[ -n $filter ]] || phase "$language: types and style" "check_$language"
  phase "$language: test" "run_$language" "$filter"
  tested+=("$language")
}
