"""Looking into expressions, before it is believed that nothing was missed there."""

from __future__ import annotations

import pytest

from promql import metrics_of, values_of


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ("up", {"up"}),
        ('sum by (le, job) (rate(a_bucket{method=~"x|by (b)",b!="c"}[5m]))', {"a_bucket"}),
        ("sum(rate(a[5m])) without (b) / on (c, d) group_left (e) (f > 0)", {"a", "f"}),
        ("a * on (job) group_left b", {"a", "b"}),
        ("semel:availability:ratio_rate5m offset 1h > bool 0.5 or vector(0)", {"semel:availability:ratio_rate5m"}),
        ("deriv((a + b)[1h:]) unless absent(c) # d", {"a", "b", "c"}),
        ("time() - a{b='it''s'} > 1e9", {"a"}),
    ],
)
def test_the_metrics_of_an_expression(expression: str, metrics: set[str]) -> None:
    assert metrics_of(expression) == metrics


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("a", ["a"]),
        ("a > 0", ["a"]),
        ("a >= bool b", ["a", "b"]),
        ("a / (b > 0) > 0.1", ["a / ( b > 0 )"]),
        ("(a > 14.4 * 0.001) and on (job) (b > 2 or absent(c{d='e'}))", ["a", "b", "c { d = 'e' }"]),
        ("a == 1 unless ignoring (b) c != 0", ["a", "c"]),
        ("a < on (job) group_left (d) d", ["a", "d"]),
        ("a < on (job) group_left (b + c)", ["a", "b + c"]),
        ("absent_over_time(up[5m])", ["up"]),
    ],
)
def test_what_a_condition_compares(condition: str, values: list[str]) -> None:
    assert values_of(condition) == values


def test_what_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match="no PromQL"):
        metrics_of("a ? b")
    with pytest.raises(ValueError, match="no end of the bracket"):
        metrics_of("sum by (a")
