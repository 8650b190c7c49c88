#!/usr/bin/env bash
# The verb test of ./dev, which sources this after client/languages.sh and helm/suites.sh and brings need, die, say, build and the lists of packages.

# Where threads meet; the rest calls gRPC and RocksDB, which were compiled without ThreadSanitizer.
tsan_rooms=(sanitizers engine storage client)

export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1

timings=()
phase() {
  local name=$1 start=$SECONDS
  shift
  say "$name"
  "$@"
  timings+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

run_ctest() {
  local preset=$1
  shift
  mkdir -p build
  # Some tests open thousands of connections; shells often allow 1,024 files.
  (ulimit -Sn "$(ulimit -Hn)" && cd "build/$preset" &&
    without_aslr ctest --output-on-failure --no-tests=error -j "$jobs" "$@" </dev/null) |
    tee "build/ctest-$preset.log"
}

test_preset() {
  local preset=$1 regex=${2:-}
  local targets=() filter=()
  need "${test_packages[@]}"
  if [[ $preset == tsan && -z $regex ]]; then
    targets=("${tsan_rooms[@]/#/tests-}")
    filter=(-L "^($(IFS='|' && echo "${tsan_rooms[*]}"))\$")
  fi
  if [[ -n $regex ]]; then filter=(-R "$regex"); fi
  phase "$preset: build" build "$preset" "${targets[@]}"
  phase "$preset: test" run_ctest "$preset" "${filter[@]}"
  tested+=("$preset")
}

count_of() {
  case $1 in
    python | go) "count_$1" ;;
    helm | prometheus | operations | apiserver) count_operating "$1" ;;
    *) sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "build/ctest-$1.log" ;;
  esac
}

# One line over all suites, worded as ctest words its own.
summary() {
  local suite total=0
  ((${#tested[@]})) || die "nothing was tested: ${skipped[*]} left out"
  for suite in "${tested[@]}"; do total=$((total + $(count_of "$suite"))); done
  say "Passed: ${tested[*]}"
  if ((${#skipped[@]})); then printf '********  SKIPPED: %s\n' "${skipped[@]}"; fi
  printf '%s\n' "${timings[@]}"
  printf '%5d s  in all\n' "$SECONDS"
  printf '100%% tests passed, 0 tests failed out of %d\n' "$total"
}

# A name that no test can have is refused before ten minutes of building, not after. Only plain words in lower case can be told
# so early: names with capitals may be put together while the tests run.
check_name() {
  local name=$1 word
  [[ $name =~ ^[a-z_.]+$ ]] || return 0
  for word in ${name//./ }; do
    # The second without -q, which would end the listing by a broken pipe.
    git grep -qF --untracked -e "$word" -- tests client helm || tracked tests client helm | grep -F -e "$word" >/dev/null ||
      die "no suite and no test has a name with '$word' in it; see ./dev help"
  done
}

test_suites() {
  local suites=(dev asan tsan "${languages[@]}" "${operating_suites[@]}") suite
  case ${1:-} in
    '') ;;
    dev | asan | tsan | python | go | helm | prometheus | operations | apiserver) suites=("$1") && shift ;;
    *) suites=(dev) ;;
  esac
  (($# <= 1)) || die "too many arguments; see ./dev help"
  check_name "${1:-}"
  tested=() skipped=()
  for suite in "${suites[@]}"; do
    case $suite in
      python | go) test_language "$suite" "${1:-}" ;;
      helm | prometheus | operations | apiserver) test_operating "$suite" "${1:-}" ;;
      *) test_preset "$suite" "${1:-}" ;;
    esac
  done
  summary
}
