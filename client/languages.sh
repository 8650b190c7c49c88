#!/usr/bin/env bash
# The client libraries in other languages than C++: what each takes is installed, then its checks and tests run against a real
# semeld. Sourced by dev, which brings need, need_servers, die, say, phase, build and the lists of packages.

languages=(python go)

# Where the toolchain of a suite cannot be had, it is left out, loudly; in CI never.
leave_out() {
  local suite=$1
  [[ ${CI:-} != true ]] || die "$suite: its toolchain could not be installed; in CI nothing is left out"
  printf '\n********  SKIPPED: %s, whose toolchain could not be installed (see above)\n\n' "$suite" >&2
  skipped+=("$suite")
}

# Stubs are committed, for those who take the library from its sources; they are what the protos say, made by the one command.
check_stubs() {
  local language=$1 before after
  shift
  before=$(find "$@" -name '*pb*' -type f -exec sha256sum {} + | sort -k 2)
  "client/$language/generate.sh" || return
  after=$(find "$@" -name '*pb*' -type f -exec sha256sum {} + | sort -k 2)
  [[ $before == "$after" ]] && return
  echo "client/$language: the stubs were stale; they have been made anew (./dev stubs does it): commit them" >&2
  return 1
}

make_stubs() {
  need python3-venv protobuf-compiler
  client/python/generate.sh
  install_go
  PATH=$(go_bin):$PATH client/go/generate.sh
}

# Each library as a program that makes pairs of calls; C++ has its own load generator.
install_load_programs() {
  need "${python_packages[@]}"
  client/python/venv.sh
  install_go
  PATH=$(go_bin):$PATH go build -C client/go -o "$PWD/build/go-bench" ./internal/bench
}

# ---- Python ------------------------------------------------------------------------------------------------------------

# Debian's Python, whichever stands first in the PATH.
install_python() {
  need "${python_packages[@]}" && need_servers "${python_servers[@]}" && client/python/venv.sh
}

check_python() {
  check_stubs python client/python/src || return
  (cd client/python && ../../build/python/bin/ruff format --check --quiet . && ../../build/python/bin/ruff check --quiet . &&
    ../../build/python/bin/mypy)
}

run_python() {
  (cd client/python && ../../build/python/bin/python -m pytest -q ${1:+-k "$1"}) 2>&1 </dev/null | tee build/test-python.log
}

count_python() { sed -nE '$s/^([0-9]+) passed.*/\1/p' build/test-python.log; }

# ---- Go ----------------------------------------------------------------------------------------------------------------

go_modules=(client/go client/go/semelotel)
go_wanted() { sed -n 's/^go \([0-9.]*\)$/\1/p' client/go/go.mod; }

# Where the Go is that serves: the one at hand where go.mod takes it, else the one that install_go fetches.
go_bin() {
  local at_hand
  at_hand=$(go env GOVERSION 2>/dev/null | sed 's/^go//')
  if [[ -n $at_hand && $(printf '%s\n' "$(go_wanted)" "$at_hand" | sort -V | head -n 1) == "$(go_wanted)" ]]; then
    dirname "$(command -v go)"
  else
    echo "$PWD/build/go-$(go_wanted)/bin"
  fi
}

have_go() { [[ -x $(go_bin)/go ]] || { need "${go_packages[@]}" && fetch_go "$(go_wanted)"; }; }

install_go() {
  need protobuf-compiler && have_go || return
  local module
  PATH=$(go_bin):$PATH
  for module in "${go_modules[@]}"; do (cd "$module" && go mod download) || return; done
  GOBIN=$PWD/build/go-tools go install "$staticcheck"
}

# Debian's Go is older; but it fetches a newer one as what that is to the module proxy: a module.
fetch_go() {
  local version=$1 folder
  say "Fetching Go $version"
  mkdir -p build/go-fetch
  folder=$(cd build/go-fetch && printf 'module fetch\n' >go.mod &&
    GOFLAGS=-mod=mod GOTOOLCHAIN=local GOMODCACHE=$PWD/modules \
      go mod download -json "golang.org/toolchain@v0.0.1-go$version.linux-$(dpkg --print-architecture)" |
    sed -n 's/.*"Dir": "\(.*\)".*/\1/p') || return
  # Modules are kept read-only, and without the right to run.
  chmod -R u+w build/go-fetch && chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/* && mv "$folder" "build/go-$version" && rm -rf build/go-fetch
}

gofmt_is_clean() {
  local unformatted
  unformatted=$(gofmt -l .) && [[ -z $unformatted ]] && return
  printf 'not as gofmt has it: %s\n' "$unformatted" >&2
  return 1
}

check_go() {
  check_stubs go client/go/semelv1 || return
  local module tools=$PWD/build/go-tools
  for module in "${go_modules[@]}"; do
    (cd "$module" && gofmt_is_clean && go vet ./... && "$tools/staticcheck" ./...) || return
  done
}

run_go() {
  local module
  for module in "${go_modules[@]}"; do
    (cd "$module" && go test -count=1 -race -v ${1:+-run "$1"} ./...) || return
  done 2>&1 </dev/null | tee build/test-go.log | grep -vE '^ *(=== |--- PASS)'
}

count_go() { grep -cE '^ *--- PASS' build/test-go.log; }

# ---- both --------------------------------------------------------------------------------------------------------------

test_language() {
  local language=$1 filter=${2:-}
  mkdir -p build
  # In a shell of its own: what cannot be installed ends that one only.
  ("install_$language") || { leave_out "client/$language" && return; }
  if [[ $language == go ]]; then PATH=$(go_bin):$PATH; fi
  phase "$language: semeld" build dev semeld semel
  export SEMEL_TEST_SEMELD=$PWD/build/dev/server/semeld SEMEL_TEST_SEMEL=$PWD/build/dev/client/cli/semel
  [[ -n $filter ]] || phase "$language: stubs, types and style" "check_$language"
  phase "$language: test" "run_$language" "$filter"
  [[ $("count_$language") == [1-9]* ]] || die "client/$language: no test was run"
  tested+=("$language")
}
