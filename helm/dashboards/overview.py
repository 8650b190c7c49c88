"""*Overview*: is it well, what do callers ask, what are they told, how fast, and how near are the bounds?"""

from __future__ import annotations

from expressions import SELECTED_OR_NONE, counted, of, per_second, quantile, quotient, summed, total
from layout import Dashboard
from panels import (
    BLUE,
    BYTES,
    GREEN,
    NUMBER,
    PER_SECOND,
    RED,
    SECONDS,
    SHARE,
    YELLOW,
    Panel,
    Query,
    graph,
    heatmap,
    stat,
    table,
)

# A Session ends once, long after it began, and says nothing about its operations, which are counted by themselves.
CALLS = 'method!="Session"'
# What the server could not do, as the rules count it; all else that is not OK tells a caller something true about its request.
FAULTS = 'code=~"UNAVAILABLE|INTERNAL|UNKNOWN|DATA_LOSS"'
REFUSALS = 'code!~"OK|UNAVAILABLE|INTERNAL|UNKNOWN|DATA_LOSS"'
# A Begin's time holds what it was asked to wait for another owner, which is not the server's doing.
WAITLESS = 'method=~"Complete|Lookup|Renew|Release|Checkpoint"'
FIRING = f'ALERTS{{alertname=~"Semel.+",alertstate="firing",{SELECTED_OR_NONE}}}'

NOW = (
    stat(
        "Servers up",
        "Servers that Prometheus reaches and whose storage has not failed.",
        NUMBER,
        f"count({of('semel_storage_failed')} == 0) or vector(0)",
        steps=((None, RED), (1, GREEN)),
    ),
    stat(
        "Alerts firing",
        "Alerts of Semel's rules that fire now. The table below names them; the runbook has an entry for each.",
        NUMBER,
        f"count({FIRING}) or vector(0)",
        steps=((None, GREEN), (1, RED)),
    ),
    stat(
        "Answers",
        "Calls and operations of Sessions answered a second.",
        PER_SECOND,
        per_second("semel_calls_total", CALLS),
        steps=((None, BLUE),),
    ),
    stat(
        "Failed answers",
        "Share of the calls of the last five minutes by which the server said that it could not: UNAVAILABLE, INTERNAL, UNKNOWN, DATA_LOSS. "
        "The highest of the servers shown. What callers asked wrongly or too late does not count.",
        SHARE,
        f"max({of('instance:semel_calls_failed:ratio_rate5m')})",
        empty="No calls",
        steps=((None, GREEN), (0.001, YELLOW), (0.01, RED)),
        decimals=2,
    ),
    stat(
        "Effects not run twice",
        "Begins in the time shown that were answered with the outcome that was stored before: so many side effects did not happen a "
        "second time.",
        NUMBER,
        total("semel_begin_outcomes_total", 'outcome="done"'),
        steps=((None, BLUE),),
        decimals=0,
    ),
    stat(
        "Keys in doubt",
        "Keys whose owner fell silent where it is not known whether the effect happened. Nobody may run them before a person has settled them.",
        NUMBER,
        summed("semel_open_keys", 'state="in_doubt"'),
        steps=((None, GREEN), (1, YELLOW)),
    ),
)

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
        "Begins a second by their outcome, items of batches included. `acquired` runs the effect; `done` is a duplicate that got the stored "
        "outcome; `refused` was not decided at all.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", by="outcome") + " > 0", "{{outcome}}"),
        empty="No Begins",
        stacked=True,
    ),
    graph(
        "What duplicates saved",
        "Side effects a second that did not run again because their outcome was stored: `done` and final failures were answered from the "
        "store, waits ended with the owner's outcome. The share is that of all Begins.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", 'outcome="done"'), "answered done"),
        Query(per_second("semel_begin_outcomes_total", 'outcome="failed"'), "answered failed"),
        Query(
            quotient(
                per_second("semel_begin_outcomes_total", 'outcome=~"done|failed"'), per_second("semel_begin_outcomes_total")
            ),
            "share of Begins",
            axis_right_unit=SHARE,
        ),
        empty="No Begins",
    ),
    graph(
        "Failures",
        "Answers a second by which the server says that it could not, Session streams that were turned away included. UNAVAILABLE: "
        "overloaded, stopping, or its storage failed; the clients try again by themselves.",
        PER_SECOND,
        Query(per_second("semel_calls_total", FAULTS, by="code") + " > 0", "{{code}}"),
        empty="No failures",
    ),
    graph(
        "Refusals",
        "Answers a second that tell a caller that it asked wrongly or too late: ABORTED a stale token, FAILED_PRECONDITION another "
        "fingerprint or outcome, INVALID_ARGUMENT a field, NOT_FOUND a key that is not known.",
        PER_SECOND,
        Query(per_second("semel_calls_total", CALLS, REFUSALS, by="code") + " > 0", "{{code}}"),
        empty="No refusals",
    ),
    graph(
        "Sessions",
        "Open Session streams, and their messages a second. Fewer messages than operations: operations share messages, as they should.",
        NUMBER,
        Query(summed("semel_sessions"), "open"),
        Query(per_second("semel_session_messages_total", by="direction"), "{{direction}}", axis_right_unit=PER_SECOND),
    ),
)

LATENCY = (
    graph(
        "Latency of calls",
        "Of the calls that wait for no other owner (Complete, Lookup, Renew, Release, Checkpoint), from arrival to answer. Nearly all of it is "
        "the disk's sync.",
        SECONDS,
        *(Query(quantile(share, "semel_call_seconds", WAITLESS), name) for share, name in ((0.5, "median"), (0.9, "90 %"), (0.99, "99 %"))),
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
        f"How many times as fast as it may the server uses up what is allowed: {promise}. At 1 a month's allowance lasts a month; at 14.4 over an "
        "hour it is gone in two days, and an alert wakes somebody.",
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

KEYS = (
    graph(
        "Open keys",
        "Keys in progress or in doubt, which are held in memory, beside their bound (limits.max_open_keys).",
        NUMBER,
        Query(summed("semel_open_keys", by="state"), "{{state}}"),
        Query(summed("semel_max_open_keys"), "bound", axis_right_unit=NUMBER),
    ),
    graph(
        "Memory of open keys",
        "What open keys carry: names, owners, checkpoints.",
        BYTES,
        Query(of("semel_open_bytes"), "{{instance}}"),
    ),
    graph(
        "Outcomes stored",
        "Completes a second that ended a key, and those that repeated one that was stored already: callers whose answer was lost.",
        PER_SECOND,
        Query(per_second("semel_completions_total", by="state"), "{{state}}"),
        Query(per_second("semel_already_applied_total"), "repeated"),
    ),
)

BOUNDS = (
    graph(
        "Against the bounds",
        "Share of each bound that is in use: Begins that wait (limits.max_waiters), calls in flight (limits.max_calls), open keys and their "
        "memory (limits.max_open_keys, limits.max_open_bytes). At 100 % more are refused.",
        SHARE,
        Query(of("instance:semel_waiters:bound_ratio"), "{{instance}}: waiters"),
        Query(of("instance:semel_calls_in_flight:bound_ratio"), "{{instance}}: calls"),
        Query(of("instance:semel_open_keys:bound_ratio"), "{{instance}}: open keys"),
        Query(of("instance:semel_open_bytes:bound_ratio"), "{{instance}}: their memory"),
    ),
    graph(
        "Waiting",
        "Begins that wait for another owner, and operations that wait to be decided.",
        NUMBER,
        Query(summed("semel_waiters"), "Begins that wait"),
        Query(summed("semel_calls_in_flight"), "calls in flight"),
        Query(summed("semel_queue_depth"), "not yet decided"),
    ),
    graph(
        "Turned away",
        "A second: Begins that were answered in_progress at once because too many waited, operations whose deadline passed before they were "
        "decided, connections for which there was no file descriptor.",
        PER_SECOND,
        Query(per_second("semel_refused_waits_total"), "too many waiters"),
        Query(per_second("semel_dropped_past_deadline_total"), "past deadline"),
        Query(per_second("semel_connections_turned_away_total"), "connections"),
    ),
)

SERVERS = (
    table(
        "Alerts",
        "What fires now. The runbook says of each what it means, what to look at and what to do.",
        NUMBER,
        Query(f"{FIRING} == 1", ""),
        empty="No alert fires",
        columns=(("alertname", "Alert", ""), ("severity", "Severity", ""), ("job", "Job", ""), ("instance", "Instance", "")),
        width=16,
    ),
    table(
        "Versions",
        "What runs, and since when.",
        NUMBER,
        Query(f"{of('semel_build_info')} * on (job, instance) group_left {of('semel_start_time_seconds')} * 1000", ""),
        empty="No server",
        columns=(("job", "Job", ""), ("instance", "Instance", ""), ("version", "Version", ""), ("Value", "Began", "dateTimeFromNow")),
    ),
    graph(
        "Restarts",
        "Starts in the hour before. More than those that you asked for: look at the log's last lines before each.",
        NUMBER,
        Query(f"changes({of('semel_start_time_seconds')}[1h])", "{{instance}}"),
        decimals=0,
    ),
    graph(
        "Processor",
        "Processor time a second: 1 is one core.",
        NUMBER,
        Query(f"rate({of('semel_process_cpu_seconds_total')}[$__rate_interval])", "{{instance}}"),
    ),
    graph(
        "Memory and files",
        "Memory held by the process, and the share of the file descriptors that it may have: each connection takes one.",
        BYTES,
        Query(of("semel_process_resident_memory_bytes"), "{{instance}}: memory"),
        Query(f"{of('semel_process_open_fds')} / {of('semel_process_max_fds')}", "{{instance}}: files", axis_right_unit=SHARE),
    ),
    graph(
        "Clock and configuration",
        "Events in the hour before: the wall clock was set by a second or more; the configuration was read again, and put in force or refused.",
        NUMBER,
        Query(f"increase({of('semel_clock_steps_total')}[1h])", "{{instance}}: clock set"),
        Query(f"increase({of('semel_config_reloads_total')}[1h])", "{{instance}}: configuration {{result}}"),
        decimals=0,
        width=12,
    ),
    graph(
        "Certificate",
        "How long the certificate that the server shows is still good for. New files are taken up without a restart.",
        SECONDS,
        Query(f"{of('semel_tls_certificate_expiry_timestamp_seconds')} - time()", "{{instance}}"),
        empty="No TLS",
        width=12,
    ),
)

OVERVIEW = Dashboard(
    "overview",
    "Semel / Overview",
    "Whether Semel is well, what callers ask of it and are told, how fast, and how near its bounds are.",
    (
        ("Now", NOW),
        ("Traffic", TRAFFIC),
        ("Latency", LATENCY),
        ("Promises", PROMISES),
        ("Keys", KEYS),
        ("Bounds", BOUNDS),
        ("Servers", SERVERS),
    ),
)
