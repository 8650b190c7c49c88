#!/usr/bin/env bash
# The verb bench of ./dev, which sources this: what each part needs is installed and built, then it runs.

# The interpreter that Debian's libraries belong to, whichever stands first in the PATH.
bench_python=/usr/bin/python3
[[ -x $bench_python ]] || bench_python=python3

# To be told only what there is, or that there is no such part, nothing needs to be installed.
bench_only_tells() {
  [[ " $* " != *' -h '* && " $* " != *' --help '* ]] || return 0
  case ${1:-compare} in
    compare | mix | scale | expiry | soak | clients | micro | -*) return 1 ;;
  esac
}

run_bench() {
  if bench_only_tells "$@"; then exec "$bench_python" bench/bench.py "$@"; fi
  need "${report_packages[@]}"
  case ${1:-compare} in
    micro)
      need "${micro_packages[@]}"
      build release semel_bench_timed semel_bench_counted
      ;;
    clients)
      source_clients
      install_load_programs
      build release semeld semel_bench_load
      ;;
    mix | expiry | soak) build release semeld semel_bench_load semel_bench_traffic ;;
    *)
      need "${bench_packages[@]}"
      if [[ " $* " != *' --no-peers '* ]]; then
        # shellcheck source=tests/support/servers.sh
        source tests/support/servers.sh
        need_servers "${peer_packages[@]}"
      fi
      build release semeld semel_bench_echo semel_bench_load
      ;;
  esac
  exec "$bench_python" bench/bench.py "$@"
}
