"""*Overview*: is it well, how near are its bounds, and what runs; what callers ask and are told is in calls.py."""

from __future__ import annotations

from calls import CALLS, LATENCY, PROMISES, TRAFFIC
from expressions import SELECTED_OR_NONE, of, per_second, summed, total
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
    Query,
    graph,
    stat,
    table,
)

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
        "Share of the calls of the last five minutes by which the server said that it could not: UNAVAILABLE, INTERNAL, "
        "UNKNOWN, DATA_LOSS. The highest of the servers shown. What callers asked wrongly or too late does not count, nor do batches.",
        SHARE,
        f"max({of('instance:semel_calls_failed:ratio_rate5m')})",
        empty="No calls",
        steps=((None, GREEN), (0.001, YELLOW), (0.01, RED)),
        decimals=2,
    ),
    stat(
        "Effects not run twice",
        "Begins in the time shown that were answered with the outcome that was stored before: so many side effects did "
        "not happen a second time.",
        NUMBER,
        total("semel_begin_outcomes_total", 'outcome="done"'),
        steps=((None, BLUE),),
        decimals=0,
    ),
    stat(
        "Keys in doubt",
        "Keys whose owner fell silent where it is not known whether the effect happened. Nobody may run them before a "
        "person has settled them.",
        NUMBER,
        summed("semel_open_keys", 'state="in_doubt"'),
        steps=((None, GREEN), (1, YELLOW)),
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
        "Share of each bound that is in use: Begins that wait (limits.max_waiters), calls in flight (limits.max_calls), "
        "open keys and their memory (limits.max_open_keys, limits.max_open_bytes). At 100 % more are refused.",
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
        "A second: Begins that were answered in_progress at once because too many waited, operations whose deadline "
        "passed before they were decided, connections for which there was no file descriptor.",
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
        columns=(
            ("job", "Job", ""),
            ("instance", "Instance", ""),
            ("version", "Version", ""),
            ("Value", "Began", "dateTimeFromNow"),
        ),
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
        "Events in the hour before: the wall clock was set by a second or more; the configuration was read again, and put "
        "in force or refused.",
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
