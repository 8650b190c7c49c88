"""What `scale` makes of its figures: tables, targets, charts."""

import statistics

from harness import charts, figures
from harness.figures import Target

MB = 1e6


def title(found):
    return f"{found['peer']}, {found['keys']:,} keys"


def filled(all_found):
    """Without those that failed on the way."""
    return [found for found in all_found if "fill" in found]


def whole(all_found):
    """Those that came through the loads and were started again."""
    return [found for found in all_found if found["restart_s"]]


def size_table(all_found):
    rows = [("filled", "pairs/s", "then busy s", "disk MB", "disk B/key", "largest", "written B/key", "write ampl.",
             "keys after the loads", "memory MB", "restart s", "keys at the last kill")]
    for found in all_found:
        per_key = MB / found["keys"]
        rows.append((title(found), f"{found['fill']['pairs_per_s']:,.0f}", f"{found['rested_s']:.0f}", f"{found['disk_mb']:,.0f}",
                     f"{found['disk_mb'] * per_key:,.0f}", f"{found['peak_disk_mb'] * per_key:,.0f}", f"{found['written_mb'] * per_key:,.0f}",
                     f"{found['write_amplification']:.1f}",
                     *(f"{found[name]:,.0f}" if name in found else "-" for name in ("keys_in_the_end", "memory_mb")),
                     figures.show(found["restart_s"], 2), f"{found['restart_keys'][-1]:,}" if found["restart_keys"] else "-"))
    return figures.table(rows)


def load_table(all_found):
    rows = [("loaded afterwards", "case", "pairs/s", "p50 ms", "p99 ms", "server CPU us/pair")]
    for found in all_found:
        for how, reports in found["loads"].items():
            rows.append((title(found), how, figures.show([r["pairs_per_s"] for r in reports]),
                         *(figures.show([figures.slower(r, quantile) for r in reports], 2) for quantile in ("p50", "p99")),
                         f"{statistics.median(r['server_cpu_us'] for r in reports):.1f}"))
    return figures.table(rows)


def targets(all_found):
    """Of Semel: each larger size by itself and against the smallest, which stands alone where there is no other."""
    small, *larger = sorted((found for found in whole(all_found) if found["peer"] == "semel"), key=lambda found: found["keys"]) or [None]
    if small is None:
        return []
    return [target for large in larger for target in growth_targets(small, large)] + \
        [target for found in larger or [small] for target in size_targets(found)]


def growth_targets(small, large):
    against = f"{large['keys']:,} keys against {small['keys']:,}"
    speeds = [Target(f"throughput, {against}, {how}", "≥", 0.85,
                     figures.ratios(*([r["pairs_per_s"] for r in found["loads"][how]] for found in (large, small))))
              for how in large["loads"]]
    return speeds + [Target(f"memory less the block cache's setting, {against}", "≤", 1.2,
                            [(large["memory_mb"] - large["block_cache_mb"]) / small["memory_mb"]])]


def size_targets(found):
    beyond = found["memory_mb"] - found["caches_mb_in_the_end"] - found["empty_mb"]
    return [Target(f"memory beyond the caches, B/key, {found['keys_in_the_end']:,} keys after the loads", "≤", 40,
                   [max(0, beyond) * MB / found["keys_in_the_end"]], 1),
            Target(f"disk, B/key, {found['keys']:,} keys", "≤", 320, [found["disk_mb"] * MB / found["keys"]], 0),
            Target(f"restart after kill -9, s, {found['restart_keys'][-1]:,} keys", "≤", 1.0, found["restart_s"])]


def pictures(all_found):
    def lines(keys, figure):
        by_peer = {}
        for found in sorted(whole(all_found), key=lambda found: found["keys"]):
            by_peer.setdefault(found["peer"], []).append((found[keys] / 1e6, figure(found)))
        return by_peer

    if not whole(all_found):
        return []

    def restart_s(found):
        return statistics.median(found["restart_s"])

    return [(name, charts.lines(heading, "million keys", unit, lines(keys, figure), marker="o")) for name, heading, unit, keys, figure in (
        ("memory", "Server memory after the loads", "MB", "keys_in_the_end", lambda found: found["memory_mb"]),
        ("disk", "Disk", "MB", "keys", lambda found: found["disk_mb"]),
        ("restart", "Serving after kill -9", "seconds", "keys_in_the_end", restart_s))]
