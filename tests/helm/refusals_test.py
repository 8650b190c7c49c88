"""What the values may not say, and that the refusal names it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chart import Refused, Values, default_values, merged, nested, rendered


def refusal(values: Values, release: str = "semel") -> str:
    with pytest.raises(Refused) as refused:
        rendered(values, release=release)
    return str(refused.value)


# A value and what the refusal must say, as a regular expression.
REFUSED: list[tuple[str, Any, str]] = [
    # one writer
    ("replicas", 2, r"replicas.*(1|one writer)"),
    ("replicas", 0, r"replicas.*(1|one writer)"),
    ("replicas", "1", r"replicas.*(1|one writer)"),
    ("replicas", None, r"replicas"),
    # unknown keys, in every depth
    ("replicaCount", 1, r"replicaCount"),
    ("image.name", "semel", r"image.*name"),
    ("config.log_level", "debug", r"config.*log_level"),
    ("config.log.colour", True, r"config.log.*colour"),
    ("config.default_policy.lease", "30s", r"default_policy.*lease"),
    ("config.namespaces.orders.lease", "30s", r"namespaces.orders.*lease"),
    ("persistence.storage", "1Gi", r"persistence.*storage"),
    ("tls.certManager.issuer", "x", r"certManager.*issuer"),
    ("networkPolicy.clients", [{"namespace": "shop"}], r"networkPolicy.clients.0.*namespace"),
    # durations
    ("config.shutdown.timeout", "20", r"config.shutdown.timeout"),
    ("config.shutdown.timeout", 20, r"config.shutdown.timeout"),
    ("config.shutdown.timeout", "-1s", r"config.shutdown.timeout"),
    ("config.shutdown.timeout", "1h30m", r"config.shutdown.timeout"),
    ("config.default_policy.lease_default", "30 s", r"lease_default"),
    ("config.default_policy.key_retention", "7w", r"key_retention"),
    ("config.default_policy.key_retention", "1.5d", r"key_retention"),
    ("config.namespaces.orders.lease_max", "1hour", r"namespaces.orders.lease_max"),
    ("serviceMonitor.interval", "15", r"serviceMonitor.interval"),
    ("tls.certManager.duration", "90d", r"tls.certManager.duration"),
    ("prometheusRule.ruleLabels", {"severity": "info"}, r"severity"),
    # sizes
    ("config.storage.block_cache", "64MB", r"config.storage.block_cache"),
    ("config.storage.block_cache", 67108864, r"config.storage.block_cache"),
    ("config.limits.max_inflight_bytes", "1.5GiB", r"max_inflight_bytes"),
    ("persistence.size", "20GB", r"persistence.size"),
    ("persistence.size", "0Gi", r"persistence.size"),
    ("persistence.size", 20, r"persistence.size"),
    ("backup.size", "lots", r"backup.size"),
    # words of a list
    ("config.log.level", "verbose", r"config.log.level"),
    ("config.log.format", "xml", r"config.log.format"),
    ("config.default_policy.on_lapse", "retry", r"default_policy.on_lapse"),
    ("config.namespaces.orders.on_lapse", "ask", r"namespaces.orders.on_lapse"),
    ("image.pullPolicy", "Sometimes", r"image.pullPolicy"),
    ("service.type", "ExternalName", r"service.type"),
    ("persistence.accessMode", "ReadWriteMany", r"persistence.accessMode"),
    ("persistence.retention.whenDeleted", "Keep", r"persistence.retention.whenDeleted"),
    # numbers and truth
    ("config.limits.max_calls", 1.5, r"max_calls"),
    ("config.limits.max_calls", "many", r"max_calls"),
    ("config.default_policy.max_attempts", -1, r"max_attempts"),
    ("config.reflection", "yes", r"config.reflection"),
    ("backup.enabled", "true", r"backup.enabled"),
    ("preStopSeconds", -1, r"preStopSeconds"),
    ("startupSeconds", "900", r"startupSeconds"),
    # null, where Helm would take the whole section away
    *[(section, None, rf"missing property '{section.rpartition('.')[2]}'") for section in (
        "config", "config.shutdown", "persistence", "persistence.retention", "backup", "tls", "tls.certManager", "image", "service",
        "serviceAccount", "networkPolicy", "serviceMonitor", "prometheusRule", "dashboards", "podDisruptionBudget",
    )],
    # what belongs to the chart
    ("config.listen", "0.0.0.0:1", r"config.listen is set by the chart"),
    ("config.admin.listen", "0.0.0.0:1", r"config.admin.listen is set by the chart"),
    ("config.data_dir", "/data", r"config.data_dir is set by the chart"),
    ("config.backup.directory", "/backups", r"config.backup.directory is set by the chart"),
    ("config.tls.certificate", "/cert.pem", r"config.tls is set by the chart"),
    # names
    ("fullnameOverride", "Semel", r"fullnameOverride"),
    ("fullnameOverride", "1semel", r"fullnameOverride"),
    ("fullnameOverride", "a" * 46, r"fullnameOverride"),
    ("nameOverride", "my_semel", r"nameOverride"),
    ("config.namespaces", {"Orders": {}}, r"invalid propertyName 'Orders'"),
    ("config.namespaces", {"": {}}, r"invalid propertyName ''"),
    ("config.namespaces", {"x" * 64: {}}, r"invalid propertyName 'x{64}'"),
    ("podLabels", {"team": "a b"}, r"podLabels"),
    ("podLabels", {"team": 5}, r"podLabels"),
    ("podAnnotations", {"count": 5}, r"podAnnotations"),
    ("image.tag", "a tag", r"image.tag"),
    ("image.digest", "sha256:abc", r"image.digest"),
    ("backup.schedule", "at night", r"backup.schedule"),
]  # fmt: skip

# What is wrong because of another value.
REFUSED_TOGETHER: list[tuple[Values, str]] = [
    ({"terminationGracePeriodSeconds": 30}, r"terminationGracePeriodSeconds must be at least 58"),
    (
        {"terminationGracePeriodSeconds": 60, "config": {"shutdown": {"timeout": "1m"}}},
        r"terminationGracePeriodSeconds must be at least 93",
    ),
    ({"config": {"shutdown": {"drain_delay": "25s"}}}, r"drain_delay \(25s\) must be shorter than config.shutdown.timeout \(25s\)"),
    ({"config": {"shutdown": {"drain_delay": "26000ms"}}}, r"drain_delay \(26000ms\) must be shorter"),
    ({"tls": {"enabled": True}}, r"tls.enabled needs a certificate"),
    ({"tls": {"secretName": "cert"}}, r"without tls.enabled"),
    ({"tls": {"enabled": True, "certManager": {"enabled": True}}}, r"issuerRef.name"),
    ({"tls": {"enabled": True, "secretName": "cert", "clientCa": "ca.crt"}}, r"tls.clientSecretName"),
    ({"backup": {"enabled": True}, "config": {"admin": {"service": False}}}, r"backup.enabled needs config.admin.service"),
]


def test_the_values_that_the_tables_depart_from_are_taken() -> None:
    assert rendered()


@pytest.mark.parametrize(("path", "value", "said"), REFUSED, ids=lambda value: re.sub(r"\W+", "-", str(value))[:50])
def test_refused(path: str, value: Any, said: str) -> None:
    assert re.search(said, refusal(nested(path, value)), re.DOTALL)


@pytest.mark.parametrize(("values", "said"), REFUSED_TOGETHER, ids=[said for _, said in REFUSED_TOGETHER])
def test_refused_together(values: Values, said: str) -> None:
    assert re.search(said, refusal(values))


def paths(values: Values, prefix: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        found.append(prefix + key)
        if isinstance(value, dict):
            found += paths(value, f"{prefix}{key}.")
    return found


# Kubernetes' own objects, passed on as they are: the API server judges them.
PASSED_ON = ("podSecurityContext.", "containerSecurityContext.")


@pytest.mark.parametrize("path", [path for path in paths(default_values()) if not path.startswith(PASSED_ON)])
def test_a_value_of_another_kind_is_refused(path: str) -> None:
    """Every value has its type in the schema: none may be what can be no value of it."""
    here: Any = default_values()
    for step in path.split("."):
        here = here[step]
    strange: Any = "strange" if isinstance(here, (dict, list, bool, int)) else ["strange"]
    assert path.split(".")[-1] in refusal(nested(path, strange))


def test_a_value_of_null_never_breaks_the_templates() -> None:
    """Helm takes a value away that is set to null: then the chart has a default, or says what is missing; it never falls over."""
    for path in paths(default_values()):
        try:
            rendered(nested(path, None))
        except Refused as refused:
            assert re.search(rf"missing propert|{re.escape(path)}", str(refused)), f"{path}: {refused}"
            assert "nil pointer" not in str(refused), path


def test_a_misspelt_value_beside_good_ones_is_named_alone() -> None:
    said = refusal(merged({"persistence": {"size": "1Gi"}}, {"persistance": {"size": "2Gi"}}))
    assert "persistance" in said
    assert "persistence" not in said.replace("persistance", "")
