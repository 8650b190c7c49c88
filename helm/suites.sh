#!/usr/bin/env bash
# What runs Semel on Kubernetes and watches it: the chart, the rules and dashboards, the operating documents. Each is tested with
# the real tools. Sourced by dev, after client/languages.sh, which brings install_go, go_bin and leave_out.

operating_suites=(helm prometheus operations)
chart_tools=$PWD/build/helm-tools
operating=$PWD/build/operating

# The programs that helm/tools pins. Without these words helm would take itself for an older one, and the cluster for Kubernetes 1.20.
chart_programs=(helm.sh/helm/v3/cmd/helm github.com/helm-unittest/helm-unittest/cmd/helm-unittest github.com/norwoodj/helm-docs/cmd/helm-docs)
chart_tool_version() { sed -nE "s|^\t$1 (v[0-9.]+)$|\1|p" helm/tools/go.mod; }
chart_tool_words() {
  local helm=helm.sh/helm/v3
  printf -- '-X %s ' \
    "$helm/internal/version.version=$(chart_tool_version $helm)" \
    "$helm/pkg/chartutil.k8sVersionMajor=1" "$helm/pkg/chartutil.k8sVersionMinor=33" \
    "$helm/pkg/lint/rules.k8sVersionMajor=1" "$helm/pkg/lint/rules.k8sVersionMinor=33" \
    "main.version=$(chart_tool_version github.com/norwoodj/helm-docs)"
}

# go.sum is what is trusted, and it must be whole: the checksum database does not know helm-unittest 1.0.1.
install_chart_tools() {
  have_go || return
  say "Building helm, helm-unittest and helm-docs"
  mkdir -p "$chart_tools"
  PATH=$(go_bin):$PATH GOFLAGS='-mod=readonly -buildvcs=false' go build -C helm/tools -trimpath -p "$jobs" \
    -ldflags "-s -w $(chart_tool_words)" -o "$chart_tools/" "${chart_programs[@]}"
}

install_operating() {
  need "${operating_packages[@]}" && need_servers "${operating_servers[@]}" &&
    client/python/venv.sh "$operating" helm/requirements.txt && install_chart_tools
}

# Kubernetes' API server takes ten minutes of a processor, once.
install_apiserver() {
  need "${apiserver_packages[@]}" && need_servers "${apiserver_servers[@]}" && have_go &&
    PATH=$(go_bin):$PATH tests/helm/apiserver/build.sh
}

build_for() {
  case $1 in
    helm) build dev installed ;;  # the image's files are made of the packages
    prometheus | operations) build dev semeld semel ;;
    apiserver) ;;  # runs nothing of ours but the chart
  esac
}

run_operating() {
  local suite=$1 filter=${2:-} folder=tests/$1 paths=(.)
  case $suite in
    helm) paths+=(--ignore apiserver) ;;
    apiserver) folder=tests/helm paths=(apiserver) ;;
  esac
  (cd "$folder" && "$operating/bin/python" -m pytest -q -rs "${paths[@]}" ${filter:+-k "$filter"}) 2>&1 </dev/null |
    tee "build/test-$suite.log"
}

# A test that is left out on a developer's machine for want of a program or of root is listed by pytest; in CI there is all of it.
refuse_left_out() {
  [[ ${CI:-} != true ]] || ! tail -n 1 "build/test-$1.log" | grep -qE '[0-9]+ skipped' ||
    die "$1: tests were skipped (listed above); in CI nothing is left out"
}

count_operating() { sed -nE '$s/^([0-9]+) passed.*/\1/p' "build/test-$1.log"; }

test_operating() {
  local suite=$1 filter=${2:-}
  mkdir -p build
  # In a shell of its own: what cannot be installed ends that one only.
  (install_operating && if [[ $suite == apiserver ]]; then install_apiserver; fi) || { leave_out "$suite" && return; }
  phase "$suite: build" build_for "$suite"
  export SEMEL_TEST_BUILD=$PWD/build/dev
  export SEMEL_TEST_SEMELD=$SEMEL_TEST_BUILD/server/semeld SEMEL_TEST_SEMEL=$SEMEL_TEST_BUILD/client/cli/semel
  PATH=$chart_tools:$PATH phase "$suite: test" run_operating "$suite" "$filter"
  refuse_left_out "$suite"
  [[ $(count_operating "$suite") == [1-9]* ]] || die "$suite: no test was run"
  tested+=("$suite")
}

# What is committed and made of other files: the schema and the README of the chart, the dashboards.
make_chart() {
  install_operating
  python3 helm/schema.py
  python3 helm/dashboards/generate.py
  "$chart_tools/helm-docs" --chart-search-root helm --log-level warning
}

make_pictures() {
  install_operating
  build dev semeld semel
  SEMEL_TEST_SEMELD=$PWD/build/dev/server/semeld SEMEL_TEST_SEMEL=$PWD/build/dev/client/cli/semel \
    PATH=$chart_tools:$PATH "$operating/bin/python" tests/prometheus/contact_sheet.py
}
