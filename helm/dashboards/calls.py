"""Of *Overview*: what callers ask, what they are told and how fast, and whether that is what was promised."""

from __future__ import annotations

from expressions import counted, of, per_second, quantile, quotient, summed
from panels import NUMBER, PER_SECOND, SECONDS, SHARE, Panel, Query, graph, heatmap

# A Session ends once, long after it began, and says nothing about its operations, which are counted by themselves.
CALLS = 'method!="Session"'
# What the server could not do, as the rules count it; all else that is not OK tells a caller something true about its request.
FAULTS = 'code=~"UNAVAILABLE|INTERNAL|DATA_LOSS|UNKNOWN"'
# A Begin's time holds what it was asked to wait for another owner, which is not the server's doing.
WAITLESS = 'method=~"Complete|Lookup|Renew|Release|Checkpoint"'

TRAFFIC = (
    graph(
        "Answers by method",
        "Calls and operations of Sessions answered a second. A batch counts once here; its keys count below.",
        PER_SECOND,
        Query(per_second("semel_calls_total", CALLS, by="method") + " > 0", "{{method}}"),
        empty="No calls",
        stacked=True,
    ),
    graph(
        "What Begins are answered",
        "Begins a second by their outcome, items of batches included. `acquired` runs the effect; `done` is a duplicate "
        "that got the stored outcome; `refused` was not decided at all.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", by="outcome") + " > 0", "{{outcome}}"),
        empty="No Begins",
        stacked=True,
    ),
    graph(
        "What duplicates saved",
        "Side effects a second that did not run again because their outcome was stored: `done` and final failures were "
        "answered from the store, waits ended with the owner's outcome. The share is that of all Begins.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", 'outcome="done"'), "answered done"),
        Query(per_second("semel_begin_outcomes_total", 'outcome="failed"'), "answered failed"),
        Query(
            quotient(per_second("semel_begin_outcomes_total", 'outcome=~"done|failed"'), per_second("semel_begin_outcomes_total")),
            "share of Begins",
            axis_right_unit=SHARE,
        ),
        empty="No Begins",
    ),
    graph(
        "Failures",
        "Answers a second by which the server says that it could not, Session streams that were turned away included. "
        "UNAVAILABLE: overloaded, stopping, or its storage failed; the clients try again by themselves.",
        PER_SECOND,
        Query(per_second("semel_calls_total", FAULTS, by="code") + " > 0", "{{code}}"),
        empty="No failures",
    ),
    graph(
        "Refusals",
        "What was refused a second, by the reason that the caller reads in the error, items of batches included. TOKEN_STALE: an "
        "owner came back too late; FINGERPRINT_MISMATCH: a key was used for another request; OVERLOADED: a bound is reached.",
        PER_SECOND,
        Query(per_second("semel_refusals_total", by="reason") + " > 0", "{{reason}}"),
        empty="No refusals",
    ),
    graph(
        "Sessions",
        "Open Session streams, and their messages a second. Fewer messages than operations: operations share messages, as "
        "they should.",
        NUMBER,
        Query(summed("semel_sessions"), "open"),
        Query(per_second("semel_session_messages_total", by="direction"), "{{direction}}", axis_right_unit=PER_SECOND),
    ),
)

LATENCY = (
    graph(
        "Latency of calls",
        "Of the calls that wait for no other owner (Complete, Lookup, Renew, Release, Checkpoint), from arrival to "
        "answer. Nearly all of it is the disk's sync.",
        SECONDS,
        *(
            Query(quantile(share, "semel_call_seconds", WAITLESS), name)
            for share, name in ((0.5, "median"), (0.9, "90 %"), (0.99, "99 %"))
        ),
        empty="No calls",
    ),
    graph(
        "99 % of each method",
        "So long at most take 99 of 100 calls. Begin holds the time that callers asked to wait for another owner.",
        SECONDS,
        Query(quantile(0.99, "semel_call_seconds", CALLS, by="method"), "{{method}}"),
        empty="No calls",
    ),
    heatmap(
        "Latency of calls, spread",
        "How many calls took how long: two bands are two kinds of calls, or a disk that pauses.",
        SECONDS,
        counted("semel_call_seconds", WAITLESS),
        empty="No calls",
    ),
)

# The windows of the burn rate alerts, and what they promise.
WINDOWS = ("5m", "1h", "6h", "3d")


def burn(title: str, promise: str, record: str, allowed: float) -> Panel:
    return graph(
        title,
        f"How many times as fast as it may the server uses up what is allowed: {promise}. At 1 a month's allowance lasts "
        "a month; at 14.4 over an hour it is gone in two days, and an alert wakes somebody.",
        NUMBER,
        *(Query(f"{of(f'{record}:ratio_rate{window}')} / {allowed}", f"{{{{instance}}}}: {window}") for window in WINDOWS),
        empty="No calls",
    )


PROMISES = (
    burn("Burn of availability", "0.1 % of calls failed", "instance:semel_calls_failed", 0.001),
    burn("Burn of latency", "1 % of the calls that wait for nobody slower than 0.1 s", "instance:semel_owner_calls_slow", 0.01),
    graph(
        "Failed and slow calls",
        "Shares of the last five minutes that count against the two promises.",
        SHARE,
        Query(of("instance:semel_calls_failed:ratio_rate5m"), "{{instance}}: failed"),
        Query(of("instance:semel_owner_calls_slow:ratio_rate5m"), "{{instance}}: slow"),
        empty="No calls",
    ),
)
