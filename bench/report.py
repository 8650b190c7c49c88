"""Figures of all rounds -> tables for people. Every figure is the median over the rounds, with the smallest and largest."""

import statistics

TARGETS = {
    "unary calls/s over echo calls/s, 64 in flight": (">=", 0.40),
    "unary p99 (ms), 64 in flight": ("<=", 4.0),
    "batch pairs/s over unary pairs/s, 64 in flight": (">=", 3.0),
    "server memory (MB)": ("<=", 300),
    "restart after kill -9 (s)": ("<=", 1.0),
}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(values, digits=0):
    s = spread(values)
    return f"{s['median']:,.{digits}f}  ({s['min']:,.{digits}f} to {s['max']:,.{digits}f})"


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def throughput_table(runs):
    rows = [("", "in flight", "pairs/s", "calls/s", "server CPU us/call", "server cores", "client cores")]
    for (mode, in_flight), reports in runs.items():
        pairs = [r["pairs_per_s"] for r in reports]
        client_cores = [r["client_cpu_us_per_call"] * r["calls_per_s"] / 1e6 for r in reports]
        rows.append((mode, str(in_flight), show(pairs) if any(pairs) else "", show([r["calls_per_s"] for r in reports]),
                     show([r["server_cpu_us_per_call"] for r in reports], 1),
                     f"{statistics.median(r['server_cpu_cores'] for r in reports):.2f}",
                     f"{statistics.median(client_cores):.2f}"))
    return table(rows)


def latency_table(runs):
    rows = [("call", "in flight", "p50 ms", "p99 ms", "p99.9 ms")]
    for (_, in_flight), reports in runs.items():
        for call in reports[0]["latency_ms"]:
            quantiles = [[r["latency_ms"][call][q] for r in reports] for q in ("p50", "p99", "p99.9")]
            rows.append((call, str(in_flight), *(show(values, 2) for values in quantiles)))
    return table(rows)


def ratios(runs):
    """What the targets speak of, round by round: a ratio within a round outlives the noise between rounds."""
    found = {}
    echo, unary, batch = runs.get(("echo", 64)), runs.get(("unary", 64)), next((v for k, v in runs.items() if k[0] == "batch"), None)
    if echo and unary:
        found["unary calls/s over echo calls/s, 64 in flight"] = [
            u["calls_per_s"] / e["calls_per_s"] for u, e in zip(unary, echo)]
    if unary:
        found["unary p99 (ms), 64 in flight"] = [max(c["p99"] for c in r["latency_ms"].values()) for r in unary]
    if unary and batch:
        found["batch pairs/s over unary pairs/s, 64 in flight"] = [
            b["pairs_per_s"] / u["pairs_per_s"] for b, u in zip(batch, unary)]
    return found


def met(name, values):
    comparison, bound = TARGETS[name]
    median = statistics.median(values)
    return median >= bound if comparison == ">=" else median <= bound


def target_table(found):
    rows = [("target", "", "measured", "")]
    for name, values in found.items():
        comparison, bound = TARGETS[name]
        rows.append((name, f"{comparison} {bound:g}", show(values, 2), "met" if met(name, values) else "MISSED"))
    return table(rows)


def fill_table(fill):
    rows = [("at {:,} completed keys".format(fill["keys"]), "")]
    rows += [
        ("filled by batches of 64, pairs/s", f"{fill['load']['pairs_per_s']:,.0f}"),
        ("server memory (RSS; peak), MB", f"{fill['rss_mb']:.0f}; {fill['peak_rss_mb']:.0f}"),
        ("disk per key, bytes (largest while filling)", f"{fill['disk_bytes_per_key']:.0f} ({fill['peak_disk_bytes_per_key']:.0f})"),
        ("restart after kill -9: serving after, s", show(fill["restart_s"], 2)),
        ("server memory after it, MB", f"{fill['rss_after_restart_mb']:.0f}"),
    ]
    return table(rows)
