#!/usr/bin/env bash
# The servers that ./dev bench compares with. Sourced by dev, which brings need, as_root and peer_packages.

no_starts=/usr/sbin/policy-rc.d                             # Debian's own way of forbidding starts, where it exists and says 101
cluster_defaults=/etc/postgresql-common/createcluster.conf  # whether installing PostgreSQL makes a cluster of data

missing_peers() {
  command -v redis-server >/dev/null || echo redis-server
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || echo postgresql
  command -v etcd >/dev/null || echo etcd-server
}

undo_peer_settings() {
  if [[ $placed_no_starts ]]; then as_root rm -f "$no_starts"; fi
  if [[ $changed_clusters ]]; then as_root mv -f "$cluster_defaults.kept" "$cluster_defaults"; fi
}

# Debian would start each of them, now and after each boot. We want the programs only.
need_peers() {
  local peers
  placed_no_starts='' changed_clusters=''
  mapfile -t peers < <(missing_peers)
  ((${#peers[@]})) || return 0
  command -v dpkg-query >/dev/null || die "to compare with: ${peer_packages[*]}; install ${peers[*]}"
  trap undo_peer_settings EXIT
  if [[ ! -e $no_starts ]]; then
    placed_no_starts=yes
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$no_starts"
  fi
  if [[ " ${peers[*]} " == *' postgresql '* ]]; then
    need postgresql-common
    as_root cp -p "$cluster_defaults" "$cluster_defaults.kept"
    changed_clusters=yes
    as_root pg_conftool "$cluster_defaults" set create_main_cluster off
  fi
  need "${peers[@]}"
  if [[ -d /run/systemd/system ]]; then as_root systemctl disable --quiet "${peers[@]/etcd-server/etcd}"; fi
  undo_peer_settings
  trap - EXIT
}
