#!/usr/bin/env bash
# Servers of others that ./dev bench compares with and that tests talk to. Sourced by dev, which brings need and as_root.

no_starts=/usr/sbin/policy-rc.d                             # Debian's own way of forbidding starts, where it exists and says 101
cluster_defaults=/etc/postgresql-common/createcluster.conf  # whether installing PostgreSQL makes a cluster of data

server_is_there() {
  case $1 in
    redis-server) command -v redis-server ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' || command -v postgres ;;
    etcd-server) command -v etcd ;;
    prometheus) command -v prometheus ;;
  esac >/dev/null
}

undo_server_settings() {
  if [[ $placed_no_starts ]]; then as_root rm -f "$no_starts"; fi
  if [[ $changed_clusters ]]; then as_root mv -f "$cluster_defaults.kept" "$cluster_defaults"; fi
}

# Debian would start each of them, now and after each boot. We want the programs only.
need_servers() {
  local server servers=()
  placed_no_starts='' changed_clusters=''
  for server in "$@"; do server_is_there "$server" || servers+=("$server"); done
  ((${#servers[@]})) || return 0
  command -v dpkg-query >/dev/null || die "not a Debian system; install ${servers[*]}"
  trap undo_server_settings EXIT
  if [[ ! -e $no_starts ]]; then
    placed_no_starts=yes
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$no_starts"
  fi
  if [[ " ${servers[*]} " == *' postgresql '* ]]; then
    need postgresql-common
    as_root cp -p "$cluster_defaults" "$cluster_defaults.kept"
    changed_clusters=yes
    as_root pg_conftool "$cluster_defaults" set create_main_cluster off
  fi
  need "${servers[@]}"
  if [[ -d /run/systemd/system ]]; then as_root systemctl disable --quiet "${servers[@]/etcd-server/etcd}"; fi
  undo_server_settings
  trap - EXIT
}
