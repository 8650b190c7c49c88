#!/usr/bin/env python3
"""Writes the recorded stream of order requests that the demo replays: a quarter of an hour of a small tea shop.

    python3 client/demo/make_orders.py > client/demo/orders.jsonl

The same seed gives the same file; the file is kept in the repository, so that everyone replays the same morning. One request a
line, in the order in which they arrived:

  at_ms    when it arrived, counted from the beginning
  request  its number
  kind     first      the order as the customer first sent it
           duplicate  the same again, seconds or minutes later (a reload, a second click, a queue that delivers twice)
           retry      the same again within milliseconds, while the first is still being worked on
           changed    the same order number with other content: must be refused
  order    what is asked for
  fault    lose_reply                  a reply is lost on the network while this request is under way
           worker_killed_before_effect the worker is killed -9 after it acquired the key, before it placed the order
           worker_killed_after_effect  ... after it placed the order, before it could say so
           worker_paused               the worker is stopped for longer than its lease, and then goes on

A line {"at_ms": ..., "event": "server_killed"} kills the server at that point.
"""

import copy
import json
import random

ORDERS = 240
MINUTES = 15
TEAS = [("ASSAM-250", 890), ("DARJEELING-FF-100", 1690), ("EARL-GREY-250", 790), ("GENMAICHA-100", 640),
        ("GUNPOWDER-500", 1150), ("LAPSANG-100", 720), ("MATCHA-30", 2490), ("OOLONG-TGY-100", 1490),
        ("ROOIBOS-500", 980), ("SENCHA-250", 1240), ("TEAPOT-GLASS-1L", 3200), ("TEA-STRAINER", 450)]

rng = random.Random(20240501)


def make_order(number):
    items = [{"sku": sku, "quantity": rng.choice([1, 1, 1, 2, 2, 3]), "cents": cents}
             for sku, cents in rng.sample(TEAS, rng.choice([1, 1, 2, 2, 3]))]
    return {
        "id": f"2024-05-01-{number:04d}",
        "customer": f"c-{rng.randrange(1000, 9999)}",
        "items": items,
        "total_cents": sum(item["quantity"] * item["cents"] for item in items),
        "payment": rng.choice(["invoice", "invoice", "card"]),
    }


def changed(order):
    other = copy.deepcopy(order)
    other["items"][0]["quantity"] += 1
    other["total_cents"] += other["items"][0]["cents"]
    return other


def line(at_ms, kind, order, fault=None):
    return {"at_ms": at_ms, "kind": kind, "order": order} | ({"fault": fault} if fault else {})


def requests_for(at_ms, order):
    """All requests for one order: most come once, some again."""
    yield line(at_ms, "first", order)
    what = rng.random()
    if what < 0.18:  # while the first is still under way
        for _ in range(rng.choice([1, 1, 2, 3])):
            yield line(at_ms + rng.randrange(1, 4), "retry", order)
    elif what < 0.42:  # later
        for _ in range(rng.choice([1, 1, 1, 2])):
            yield line(at_ms + rng.randrange(2_000, 240_000), "duplicate", order)
    elif what < 0.45:
        yield line(at_ms + rng.randrange(60_000, 120_000), "changed", changed(order))


def plain(at_ms, order, payment, fault, number):
    order = order | {"id": f"2024-05-01-{number:04d}", "payment": payment}
    return [line(at_ms, "first", order, fault), line(at_ms + 30, "duplicate", order)]


def main():
    lines = []
    for number in range(1, ORDERS + 1):
        lines += requests_for(rng.randrange(0, MINUTES * 60_000), make_order(number))
    for entry in lines:
        if entry["kind"] != "changed" and rng.random() < 0.08:
            entry["fault"] = "lose_reply"

    # A worker dies with ten orders in its hands, five of which it has placed.
    number = ORDERS
    for payment, count in (("invoice", 3), ("card", 2)):
        for fault in ("worker_killed_before_effect", "worker_killed_after_effect"):
            for _ in range(count):
                number += 1
                lines += plain(5 * 60_000 + number % 10, make_order(number), payment, fault, number)
    # Later another one is paused for longer than its lease.
    number += 1
    lines += plain(12 * 60_000, make_order(number), "invoice", "worker_paused", number)
    lines.append({"at_ms": 9 * 60_000, "event": "server_killed"})

    lines.sort(key=lambda entry: entry["at_ms"])
    number = 0
    for entry in lines:
        if "event" not in entry:
            number += 1
            entry = {"at_ms": entry["at_ms"], "request": number} | entry
        print(json.dumps(entry, separators=(",", ":")))


main()
