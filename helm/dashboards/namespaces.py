"""*Namespaces*: what becomes of the keys of each, and whose callers need a look."""

from __future__ import annotations

from expressions import of, per_second, quotient, total
from layout import INSTANCE, JOB, NAMESPACE, Dashboard
from panels import NUMBER, PER_SECOND, SECONDS, SHARE, Panel, Query, graph, table

CHOSEN = 'semel_namespace=~"$semel_namespace"'
BY = "semel_namespace"
NAME = "{{semel_namespace}}"


def outcome(title: str, description: str, outcome: str, width: int = 6) -> Panel:
    asked = per_second("semel_begin_outcomes_total", CHOSEN, f'outcome="{outcome}"', by=BY)
    return graph(title, description, PER_SECOND, Query(asked, NAME), empty="No Begins", width=width)


def count(metric: str, *labels: str) -> Query:
    return Query(total(metric, CHOSEN, *labels, by=BY), NAME)


SUMMARY = (
    table(
        "In the time shown",
        "Of each namespace: its Begins, how many were answered from the store, and what needs a look when it is not 0. "
        "Namespaces that the configuration does not name are counted together as (other).",
        NUMBER,
        count("semel_begin_outcomes_total"),
        count("semel_begin_outcomes_total", 'outcome="done"'),
        count("semel_begin_outcomes_total", 'outcome="in_doubt"'),
        count("semel_takeovers_total"),
        count("semel_stale_tokens_total"),
        count("semel_fingerprint_mismatches_total"),
        Query(f"max by (semel_namespace) ({of('semel_key_retention_seconds', CHOSEN)})", NAME),
        empty="No namespace",
        width=24,
        decimals=0,
        columns=(
            (BY, "Namespace", ""),
            ("Value #A", "Begins", ""),
            ("Value #B", "Answered done", ""),
            ("Value #C", "Answered in doubt", ""),
            ("Value #D", "Takeovers", ""),
            ("Value #E", "Stale tokens", ""),
            ("Value #F", "Mismatches", ""),
            ("Value #G", "Key retention", SECONDS),
        ),
    ),
)

OUTCOMES = (
    graph(
        "Begins",
        "Begins a second, items of batches included.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", CHOSEN, by=BY), NAME),
        empty="No Begins",
        stacked=True,
    ),
    graph(
        "What Begins are answered, all chosen",
        "Begins a second of the namespaces chosen above, by outcome.",
        PER_SECOND,
        Query(per_second("semel_begin_outcomes_total", CHOSEN, by="outcome") + " > 0", "{{outcome}}"),
        empty="No Begins",
        stacked=True,
    ),
    graph(
        "Share of duplicates",
        "Begins that were answered with a stored outcome, of all Begins: work that callers sent again and that did not run again.",
        SHARE,
        Query(
            quotient(
                per_second("semel_begin_outcomes_total", CHOSEN, 'outcome=~"done|failed"', by=BY),
                per_second("semel_begin_outcomes_total", CHOSEN, by=BY),
            ),
            NAME,
        ),
        empty="No Begins",
    ),
    outcome(
        "Answered in progress",
        "Begins a second that met another owner at work, also after they had waited.",
        "in_progress",
    ),
    outcome(
        "Answered failed",
        "Begins a second that were told of a failure stored before.",
        "failed",
    ),
    outcome(
        "Answered in doubt",
        "Begins a second that met a key in doubt, which waits for a person.",
        "in_doubt",
    ),
    outcome(
        "Answered expired",
        "Begins a second of keys whose outcome is no longer stored: callers come back later than result_retention.",
        "expired",
    ),
)

OWNERSHIP = (
    graph(
        "Takeovers",
        "Attempts a second that began after the owner before fell silent: crashed workers, or leases shorter than the work.",
        PER_SECOND,
        Query(per_second("semel_takeovers_total", CHOSEN, by=BY), NAME),
        empty="No namespace",
    ),
    graph(
        "Share of attempts taken over",
        "Of the attempts of the last hour, those that took a key over from an owner that fell silent. Above 5 % an alert fires.",
        SHARE,
        Query(f"max by (semel_namespace) ({of('namespace:semel_takeovers:ratio_rate1h', CHOSEN)})", NAME),
        empty="No attempts",
    ),
    graph(
        "Stale tokens",
        "Calls a second of owners that had lost their key to another attempt: their effect may have happened twice unless "
        "its target checks tokens.",
        PER_SECOND,
        Query(per_second("semel_stale_tokens_total", CHOSEN, by=BY), NAME),
        empty="No namespace",
    ),
)

CONTENT = (
    graph(
        "Fingerprint mismatches",
        "Begins a second that used a key again for another request: a mistake of the callers, whose keys are not unique.",
        PER_SECOND,
        Query(per_second("semel_fingerprint_mismatches_total", CHOSEN, by=BY), NAME),
        empty="No namespace",
    ),
    outcome(
        "Refused",
        "Begins a second that were not decided: overload, storage that failed, a fingerprint that the namespace asks for.",
        "refused",
        width=8,
    ),
    graph(
        "Outcomes stored by namespace",
        "Completes a second that ended a key.",
        PER_SECOND,
        Query(per_second("semel_completions_total", CHOSEN, by=f"{BY}, state") + " > 0", NAME + ": {{state}}"),
        empty="No Completes",
    ),
    graph(
        "Repeated Completes",
        "Completes a second that repeated the outcome stored: answers that were lost on their way.",
        PER_SECOND,
        Query(per_second("semel_already_applied_total", CHOSEN, by=BY), NAME),
        empty="No namespace",
    ),
    graph(
        "Result retention",
        "How long an outcome is replayed when its Complete does not say, by the policy in force.",
        SECONDS,
        Query(f"max by (semel_namespace) ({of('semel_result_retention_seconds', CHOSEN)})", NAME),
        empty="No namespace",
    ),
    graph(
        "Key retention",
        "How long at least a key is remembered, by the policy in force: sizing multiplies it with the rate.",
        SECONDS,
        Query(f"max by (semel_namespace) ({of('semel_key_retention_seconds', CHOSEN)})", NAME),
        empty="No namespace",
    ),
)

NAMESPACES = Dashboard(
    "namespaces",
    "Semel / Namespaces",
    "What becomes of the keys of each namespace, and whose callers need a look.",
    (
        ("All namespaces", SUMMARY),
        ("Outcomes", OUTCOMES),
        ("Ownership", OWNERSHIP),
        ("Content and retention", CONTENT),
    ),
    (JOB, INSTANCE, NAMESPACE),
)
