"""Every file of ci/, and the defaults: linted, rendered, and each object held against Kubernetes' own schemas."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from chart import CHART, CI_FILES, PATIENCE, Manifest, Values, helm, only, rendered, title, values_of
from kubernetes_schemas import CUSTOM, VERSIONS, oldest_taken, schema_violation
from object_rules import violations

every_file = pytest.mark.parametrize("file", [None, *CI_FILES], ids=lambda file: file.name if file else "defaults")


def test_there_are_files_for_every_optional_object() -> None:
    kinds = {manifest["kind"] for file in CI_FILES for manifest in rendered(file)}
    assert kinds >= {
        "Certificate", "ConfigMap", "CronJob", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "PodDisruptionBudget",
        "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet",
    }  # fmt: skip


@every_file
def test_lint_has_nothing_to_say(file: Path | None) -> None:
    chosen = ("--values", file) if file else ()
    done = helm("lint", "--strict", CHART, *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 chart(s) failed" in done.stdout
    assert "[WARNING]" not in done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@every_file
def test_kubernetes_knows_every_field(file: Path | None, version: str) -> None:
    manifests = rendered(file, kube_version=f"v{version}.0")
    wrong = {title(each): schema_violation(each, version) for each in manifests}
    assert not [f"{name}: {what}" for name, what in wrong.items() if what]


@every_file
def test_the_api_server_would_take_names_labels_and_references(file: Path | None) -> None:
    assert violations(rendered(file)) == []


@every_file
def test_every_object_is_in_the_release_s_namespace_and_carries_its_labels(file: Path | None) -> None:
    for manifest in rendered(file, release="once", namespace="payments"):
        labels = manifest["metadata"]["labels"]
        assert manifest["metadata"]["namespace"] == "payments", title(manifest)
        assert labels["app.kubernetes.io/instance"] == "once", title(manifest)
        assert labels["app.kubernetes.io/managed-by"] == "Helm", title(manifest)


def test_an_unknown_field_and_a_wrong_type_are_seen() -> None:
    """That the validation above would fail."""
    for version in VERSIONS:
        service = only(rendered(), "Service", "headless")
        service["spec"]["colour"] = "blue"
        assert "colour" in schema_violation(service, version)
        stateful_set = only(rendered(), "StatefulSet")
        stateful_set["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "soon"
        assert "soon" in schema_violation(stateful_set, version)
    assert "Couldn't find schema" in schema_violation({"apiVersion": "example.com/v1", "kind": "Wish", "metadata": {}}, VERSIONS[0])


def test_every_custom_resource_with_a_schema_is_rendered_somewhere() -> None:
    kinds = {manifest["kind"].lower() for file in CI_FILES for manifest in rendered(file)}
    assert {path.stem for path in CUSTOM.glob("*.json")} <= kinds


def test_an_older_kubernetes_is_refused() -> None:
    minor = int(oldest_taken().partition(".")[2])
    done = helm("template", "semel", CHART, "--kube-version", f"v1.{minor - 1}.0")
    assert done.returncode != 0
    assert "chart requires kubeVersion" in done.stderr


def rules_of_everything() -> Manifest:
    return only(rendered(CHART / "ci" / "everything-values.yaml"), "PrometheusRule")["spec"]


def test_prometheus_takes_the_rules_as_the_chart_wraps_them(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rules_of_everything()), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", file], text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_chart_s_rules_are_those_of_the_files_with_the_runbook_where_the_values_say() -> None:
    groups = {group["name"]: group for group in rules_of_everything()["groups"]}
    written = [group for file in sorted((CHART / "rules").glob("*.yaml")) for group in yaml.safe_load(file.read_text())["groups"]]
    assert written and set(groups) == {group["name"] for group in written}
    runbook = values_of(CHART / "ci" / "everything-values.yaml")["prometheusRule"]["runbookUrl"]
    for group in written:
        for rule, wrapped in zip(group["rules"], groups[group["name"]]["rules"], strict=True):
            assert wrapped["expr"] == rule["expr"]
            assert wrapped.get("for") == rule.get("for")
            if "alert" in rule:
                assert wrapped["annotations"]["runbook_url"] == f"{runbook}#{rule['alert'].lower()}"
                assert wrapped["labels"]["severity"] == rule["labels"]["severity"]
