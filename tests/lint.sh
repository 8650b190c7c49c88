#!/usr/bin/env bash
# What `./dev lint` checks beside the tests. Sourced by dev, which brings need, die, tracked and the lists of packages.

lint_format() {
  tracked '*.h' '*.cc' | xargs -r clang-format --dry-run -Werror && return
  echo "^ ./dev format puts this right" >&2
  return 1
}

lint_protos() {
  local tag
  "$buf" lint proto || return
  tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null) || return 0
  "$buf" breaking proto --against ".git#tag=$tag,subdir=proto"
}

lint_includes() { python3 tests/architecture/include_rules.py; }

lint_scripts() {
  { tracked 'client/*/*.sh' 'tests/helm/*/*.sh' && ls -d dev .ci/run server/packaging/debian/p* tests/docs/stand-ins/*; } |
    xargs shellcheck -x || return
  tracked '*.py' | xargs -r python3 -c 'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]'
}

# Whatever only makes sense on one machine: its paths, its package mirrors, its people.
lint_text() {
  local machine='(^|[^[:alnum:]_.])[/](work|home|Users|root)[/]'
  local host='https?:[/][/][^/ ]*(registry|artifactory|nexus|mirror|proxy)[^/ ]*[.]|registry[.]npmjs|deb[.]debian[.]org'
  if tracked | xargs -r grep -nIE "$machine|$host"; then
    echo "^ paths or package hosts of one machine" >&2
    return 1
  fi
}

lint_dependencies() {
  local package status=0
  for package in "${build_packages[@]}" "${test_packages[@]}" "${micro_packages[@]}" "${bench_packages[@]}" "${peer_packages[@]}" \
    "${lint_packages[@]}" "${tidy_packages[@]}" "${python_packages[@]}" "${go_packages[@]}" \
    "${operating_packages[@]}" "${operating_servers[@]}" "${apiserver_packages[@]}" "${apiserver_servers[@]}" "$buf_package" "$staticcheck"; do
    grep -qF "\`$package\`" docs/dependencies.md || { echo "$package is not in docs/dependencies.md" >&2 && status=1; }
  done
  return $status
}

# Only a remark: a file that wants more than 300 lines usually holds two ideas.
lint_lengths() {
  tracked '*.h' '*.cc' '*.py' '*.go' '*.cmake' '*.txt' '*.sh' dev ':!*_pb2*' ':!*.pb.go' | xargs -r wc -l |
    awk '$2 != "total" && $1 > 300 { printf "remark: %s has %d lines\n", $2, $1 }'
}

lint_all() {
  need "${lint_packages[@]}"
  need_buf
  local check failed=()
  for check in format protos includes scripts text dependencies lengths; do
    "lint_$check" || failed+=("$check")
  done
  ((${#failed[@]} == 0)) || die "lint failed: ${failed[*]}"
  echo "Lint is clean."
}
