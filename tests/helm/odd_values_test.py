"""Odd names and values: either every object is one that Kubernetes takes, or Helm says clearly what is wrong."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml

from chart import Refused, Values, default_values, merged, nested, only, rendered, title
from kubernetes_schemas import VERSIONS, schema_violation
from object_rules import violations

EVERYTHING = {"backup": {"enabled": True}, "networkPolicy": {"enabled": True}, "serviceMonitor": {"enabled": True}}


def wrong(manifests: list[Any]) -> list[str]:
    found = violations(manifests)
    return found + [f"{title(each)}: {said}" for each in manifests if (said := schema_violation(each, VERSIONS[-1]))]


RELEASES = [
    "a", "1", "1a", "a1", "a.b", "1.2", "a-b", "x.semel", "semel", "semel-2", "semel.prod", "my-semel-2", "9semel",
    "a" * 53, "1" * 53, "a." * 26 + "b", "s" * 44 + ".semel-ab", "semel-" + "x" * 47, "a-" * 26 + "b", "semel" + "-" * 40 + "1",
]  # fmt: skip


@pytest.mark.parametrize("release", RELEASES)
def test_any_release_name_that_helm_takes(release: str) -> None:
    manifests = rendered(EVERYTHING, release=release)
    assert wrong(manifests) == []
    for manifest in manifests:
        assert manifest["metadata"]["labels"]["app.kubernetes.io/instance"] == release


def test_names_of_releases_that_begin_alike_differ() -> None:
    long = ["a" * 52 + end for end in "bcd"] + ["a" * 40, "a" * 41]
    names = [only(rendered(release=release), "StatefulSet")["metadata"]["name"] for release in long]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("release", "override"), [*zip(RELEASES, itertools.cycle(["once", "a" * 45, "x1", "a-b", "x"]), strict=False)])
def test_any_override_of_the_name(release: str, override: str) -> None:
    manifests = rendered(merged(EVERYTHING, {"fullnameOverride": override}), release=release)
    assert wrong(manifests) == []
    assert only(manifests, "StatefulSet")["metadata"]["name"] == override
    assert wrong(rendered(merged(EVERYTHING, {"nameOverride": override}), release=release)) == []


STRANGE_TEXTS = [
    'with "double" quotes', "with 'single' quotes", "two\nlines", "trailing newline\n", "\ttab", "a: b", "# no comment", "{{ .Values }}",
    "${HOME} $(id)", "yes", "null", "1", "1e3", "~", "", " ", "- list", "&anchor", "*alias", "!!int 3", "%percent", "@at", "`tick`",
    "über Zürich", "東京", "🔑", "\\backslash\\n", "a" * 5000, "null\u00a0byte", "{json: [1, 2]}", "2026-11-22", "|", ">-", "---", "...",
]  # fmt: skip

ANNOTATED = ["podAnnotations", "service.annotations", "serviceAccount.annotations", "persistence.annotations", "backup.annotations"]


@pytest.mark.parametrize("text", STRANGE_TEXTS, ids=lambda text: ascii(text)[:30])
def test_any_text_in_annotations_arrives_as_it_is(text: str) -> None:
    values: Values = EVERYTHING
    for path in ANNOTATED:
        values = merged(values, nested(path, {"example.com/said": text}))
    manifests = rendered(values)
    assert wrong(manifests) == []
    annotations = [
        only(manifests, "StatefulSet")["spec"]["template"]["metadata"],
        next(each for each in manifests if each["kind"] == "Service" and "headless" not in each["metadata"]["name"])["metadata"],
        only(manifests, "ServiceAccount")["metadata"],
        only(manifests, "StatefulSet")["spec"]["volumeClaimTemplates"][0]["metadata"],
        only(manifests, "PersistentVolumeClaim")["metadata"],
    ]
    assert [each["annotations"]["example.com/said"] for each in annotations] == [text] * len(ANNOTATED)


# Values within their kind that a careless template would mistake. Valid, or the refusal names the value.
ODD: list[tuple[str, Any]] = [
    *[(path, word) for path in ("podLabels", "commonLabels", "nodeSelector") for word in (
        {"example.com/x": "1"}, {"example.com/x": "true"}, {"example.com/x": "null"}, {"example.com/x": ""}, {"example.com/x": "1e3"},
        {"a": "x" * 63}, {"a": "x" * 64}, {"é": "x"}, {"a b": "x"}, {"a": "ü"}, {"": "x"}, {"x" * 64: "y"}, {"/a": "b"}, {"a/b/c": "d"},
    )],
    *[("podAnnotations", {key: "x"}) for key in ("a b", "", "é", "a/b/c", "example.com/", "UPPER.com/x", "x" * 64)],
    ("podLabels", {"app.kubernetes.io/name": "mine"}), ("commonLabels", {"app.kubernetes.io/instance": "other"}),
    ("podLabels", {"app.kubernetes.io/component": "backup"}), ("podAnnotations", {"checksum/config": "0"}),
    *[("image.tag", tag) for tag in ("1", "1.0", "1e3", "null", "0x10", "latest", "v1_2-3", "a" * 128, "a" * 129, "1:2", "-x", "ü")],
    *[("image.repository", name) for name in (
        "semel", "localhost:5000/semel", "example.com/a/b/c", "semel:1", "semel@sha256:1", "/semel", "Semel", "se mel", "",
    )],
    *[("backup.schedule", text) for text in ("@daily", "0 0 * * 0", "*/5 * * * *", "0 0 1,15 * MON-FRI", "", "@never", "* * * *")],
    *[("backup.timeZone", zone) for zone in ("Etc/UTC", "America/Argentina/Ushuaia", "Etc/GMT+5", "", "Local", "UTC; rm")],
    *[(path, size) for path in ("persistence.size", "backup.size") for size in (
        "1", "1k", "1Ki", "1.5Gi", "20E", "1e3", "1m", "01Gi", "", "0.5Gi", "999999999999Ei",
    )],
    *[("persistence.storageClass", name) for name in ("", "-", "1", "null", "fast.example.com", "Fast", "true", "1e3")],
    *[("persistence.existingClaim", name) for name in ("data", "1", "null", "true", "a.b", "A", "1e3", "0x1")],
    *[("serviceAccount", {"create": create, "name": name}) for create in (True, False) for name in ("", "1", "null", "true", "a.b", "A_b")],
    *[("priorityClassName", name) for name in ("1", "null", "true", "system-cluster-critical", "1e3")],
    *[("image.pullSecrets", [{"name": name}]) for name in ("1", "null", "true", "1e3")],
    *[("terminationGracePeriodSeconds", number) for number in (58, 1000000, 86400)], ("preStopSeconds", 600), ("startupSeconds", 86400),
    ("startupSeconds", 61), ("backup.activeDeadlineSeconds", 604800), ("resources", {"limits": {"memory": 1000000000}}),
    ("resources", {"limits": {"memory": "lots"}}), ("resources", {"requests": {"cpu": 0.5}}), ("resources", {"requests": {"cpu": -1}}),
    ("affinity", {"podAntiAffinity": {}}), ("tolerations", [{"operator": "Exists"}]),
    ("networkPolicy.clients", []), ("networkPolicy.clients", [{}]), ("networkPolicy.monitoring", [{"ipBlock": {"cidr": "10.0.0.0/8"}}]),
    ("dashboards", {"enabled": True, "label": "a b"}), ("dashboards", {"enabled": True, "folder": "Wörk: \"it\"\n"}),
    ("dashboards", {"enabled": True, "labelValue": "null"}), ("dashboards", {"enabled": True, "folderAnnotation": "x y"}),
    ("serviceMonitor", {"enabled": True, "interval": "1m", "scrapeTimeout": "2m"}),
    ("tls", {"enabled": True, "secretName": "1"}), ("tls", {"enabled": True, "secretName": "true"}),
    ("tls", {"enabled": True, "certManager": {"enabled": True, "issuerRef": {"name": "1"}, "dnsNames": ["1", "*.example.com", "null"]}}),
    ("tls", {"enabled": True, "certManager": {"enabled": True, "issuerRef": {"name": "x"}, "renewBefore": "9000h"}}),
    ("tls", {"enabled": True, "secretName": "x", "clientCa": "true", "clientSecretName": "null"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), ODD, ids=lambda value: ascii(value)[:60])
def test_valid_or_told(path: str, value: Any) -> None:
    try:
        manifests = rendered(merged(EVERYTHING, nested(path, value)))
    except Refused as refused:
        said = str(refused)
        assert "values don't meet the specifications" in said or path in said, said
        assert "nil pointer" not in said and "YAML parse error" not in said
        return
    assert wrong(manifests) == []


def test_an_empty_list_of_clients_lets_nobody_in() -> None:
    """In a NetworkPolicy an empty `from` means everybody."""
    policy = only(rendered(merged(EVERYTHING, nested("networkPolicy.clients", []))), "NetworkPolicy")
    for rule in policy["spec"]["ingress"]:
        assert rule["from"] and all(rule["from"])


def test_a_text_that_looks_like_a_number_stays_text() -> None:
    manifests = rendered(nested("image.tag", "1e3"))
    assert only(manifests, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["image"] == "semel:1e3"
    assert default_values()["image"]["repository"] == "semel"


def test_values_given_as_words_of_the_command_line() -> None:
    """`--set` makes numbers of what looks like one; a tag of figures needs `--set-string`, and Helm says which value it is."""
    values = yaml.safe_load("image: {tag: 1.0}")
    with pytest.raises(Refused, match="/image/tag"):
        rendered(values)
