"""An upgrade from the chart before: Kubernetes takes it, no volume is left behind, and nothing restarts without a reason."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart import CHART, CI_FILES, Manifest, Values, default_values, merged, nested, only, rendered, title, values_of
from previous_chart import previous_chart, renumbered

# What the API server lets be changed of a StatefulSet; of everything else it says: forbidden.
CHANGEABLE = {
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}  # fmt: skip
# What the values' comments say must not be changed while it is installed.
CHOSEN_ONCE = ["nameOverride", "fullnameOverride", "persistence"]
VOLUMES_ARE_KEPT_BY = ["StatefulSet", "PersistentVolumeClaim", "Service", "ServiceAccount", "ConfigMap"]


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return previous_chart(tmp_path_factory.mktemp("previous"))


def forbidden(manifests: list[Manifest]) -> Manifest:
    """What must stay as it is in the objects that have or are found by something that lasts."""
    stateful_set = only(manifests, "StatefulSet")
    kept: Manifest = {key: value for key, value in stateful_set["spec"].items() if key not in CHANGEABLE}
    kept["name"] = stateful_set["metadata"]["name"]
    for manifest in manifests:
        if manifest["kind"] == "PersistentVolumeClaim":
            kept[title(manifest)] = {key: value for key, value in manifest["spec"].items() if key != "resources"}
        if manifest["kind"] == "Service":
            kept[title(manifest)] = (manifest["spec"].get("clusterIP"), [port["port"] for port in manifest["spec"]["ports"]])
    return kept


def files_of(chart: Path) -> list[Path]:
    return sorted((chart / "ci").glob("*-values.yaml"))


def test_there_is_a_chart_to_upgrade_from(previous: Path) -> None:
    before, now = (yaml.safe_load((chart / "Chart.yaml").read_text()) for chart in (previous, CHART))
    assert before["version"] != now["version"]
    assert files_of(previous)


def test_the_values_of_before_are_taken_and_kubernetes_takes_the_difference(previous: Path) -> None:
    for file in files_of(previous):
        before, now = rendered(file, chart=previous), rendered(file)
        assert forbidden(now) == forbidden(before), file.name
        for kind in VOLUMES_ARE_KEPT_BY:
            names = [{each["metadata"]["name"] for each in manifests if each["kind"] == kind} for manifests in (before, now)]
            assert names[0] <= names[1], file.name


def test_all_default_values_of_before_are_taken(previous: Path) -> None:
    """`helm upgrade --reuse-values` gives the new chart every value that the old one had."""
    assert rendered(values_of(previous / "values.yaml"))


@pytest.mark.parametrize("file", CI_FILES, ids=lambda file: file.name)
def test_any_value_may_be_changed_later_but_those_that_are_chosen_once(file: Path) -> None:
    values = {key: value for key, value in values_of(file).items() if key not in CHOSEN_ONCE}
    before = forbidden(rendered(nested("backup.enabled", values.get("backup", {}).get("enabled", False))))
    now = forbidden(rendered({**values, "backup": {**values.get("backup", {}), "existingClaim": "", "storageClass": ""}}))
    for claim in [key for key in before if key.startswith("PersistentVolumeClaim")]:
        assert now.pop(claim)["accessModes"], claim
        before.pop(claim)
    assert now == before


def test_the_immutable_values_say_so() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    for value in ("nameOverride", "fullnameOverride"):
        assert re.search(rf"Never change it[^\n]*\n{value}:", text), value
    assert re.search(r"cannot change it[^\n]*\n  size:", text)


def template(manifests: list[Manifest]) -> Any:
    return copy.deepcopy(only(manifests, "StatefulSet")["spec"]["template"])


def test_a_newer_chart_with_the_same_server_does_not_restart_it(tmp_path: Path) -> None:
    same = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    newer = renumbered(tmp_path, version="9.9.9", app_version=same)
    for file in CI_FILES:
        assert template(rendered(file, chart=newer)) == template(rendered(file)), file.name


def test_a_newer_server_changes_its_image_and_nothing_else_of_the_pod(tmp_path: Path) -> None:
    newer = renumbered(tmp_path, version="9.9.9", app_version="8.8.8")
    before, now = template(rendered()), template(rendered(chart=newer))
    assert now["spec"]["containers"][0].pop("image") == "semel:8.8.8"
    assert before["spec"]["containers"][0].pop("image") != "semel:8.8.8"
    assert now == before


CONFIGURED: list[Values] = [nested("config.log.level", "debug"), nested("config.namespaces", {"orders": {}}), {"backup": {"enabled": True}}]


@pytest.mark.parametrize("values", CONFIGURED, ids=str)
def test_a_change_of_the_configuration_restarts_the_server(values: Values) -> None:
    assert template(rendered(values))["metadata"]["annotations"] != template(rendered())["metadata"]["annotations"]


def test_values_that_are_not_the_server_s_do_not_restart_it() -> None:
    for values in (
        nested("service.type", "NodePort"), nested("serviceMonitor.enabled", True), nested("prometheusRule.enabled", True),
        nested("dashboards.enabled", True), nested("networkPolicy.enabled", True), nested("podDisruptionBudget.enabled", False),
        nested("clientResources", {}), nested("service.annotations", {"a": "b"}),
    ):  # fmt: skip
        assert template(rendered(values)) == template(rendered()), values


def test_the_defaults_written_out_are_the_defaults() -> None:
    assert rendered(merged(default_values(), {})) == rendered()
