"""The chart in a real API server: installed, upgraded and refused with helm, its pods admitted under "restricted"."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import CHART, CI_FILES, Manifest, pods, rendered, values_of
from cluster import Cluster

RELEASE = "semel"
EVERY_VALUES = pytest.mark.parametrize("values", CI_FILES, ids=lambda file: file.name.removesuffix("-values.yaml"))


def install(cluster: Cluster, namespace: str, values: Path | None = None) -> None:
    words = ["--values", values] if values else []
    done = cluster.helm("install", RELEASE, CHART, "--namespace", namespace, *words)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the server warns of what is installed"


def upgrade(cluster: Cluster, namespace: str, *words: str) -> tuple[int, str]:
    done = cluster.helm("upgrade", RELEASE, CHART, "--namespace", namespace, *words)
    return done.returncode, done.stderr


def installed(cluster: Cluster, namespace: str) -> list[Manifest]:
    done = cluster.helm("get", "manifest", RELEASE, "--namespace", namespace)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def missing(wanted: Any, found: Any, place: str = "") -> list[str]:
    """What is not there of what was asked for; the server adds defaults of its own."""
    match wanted, found:
        case dict(), dict():
            return [what for key, value in wanted.items() if value is not None
                    for what in missing(value, found.get(key), f"{place}.{key}")]
        case list(), list() if len(wanted) == len(found):
            return [what for index, pair in enumerate(zip(wanted, found, strict=True)) for what in missing(*pair, f"{place}[{index}]")]
        case _:
            empty = wanted in ({}, [], "") and found is None  # not kept, and means the same
            return [] if wanted == found or empty else [f"{place}: {wanted!r} became {found!r}"]


def pod_of(metadata: Manifest, spec: Manifest, claims: list[str]) -> Manifest:
    """As a controller makes it: the template, with the volumes of the claims."""
    spec = copy.deepcopy(spec)
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{RELEASE}-0"}} for name in claims]
    if volumes:
        spec["volumes"] = [*spec.get("volumes", []), *volumes]
    return {"metadata": {"generateName": "by-hand-", "labels": metadata.get("labels"), "annotations": metadata.get("annotations")},
            "spec": spec}


@EVERY_VALUES
def test_what_is_installed_is_stored_as_rendered(cluster: Cluster, namespace: str, values: Path) -> None:
    install(cluster, namespace, values)
    objects = installed(cluster, namespace)
    assert {"StatefulSet", "Service", "ConfigMap"} <= {manifest["kind"] for manifest in objects}
    for manifest in objects:
        answer = cluster.stored(manifest, namespace)
        assert answer.code == 200, answer
        assert missing(manifest, answer.body, manifest["kind"]) == []


@EVERY_VALUES
def test_every_pod_is_admitted_as_restricted(cluster: Cluster, namespace: str, values: Path) -> None:
    install(cluster, namespace, values)
    objects = rendered(values_of(values), release=RELEASE, namespace=namespace)
    [server] = [manifest for manifest in objects if manifest["kind"] == "StatefulSet"]
    for owner, template in pods(objects):
        templates = server["spec"].get("volumeClaimTemplates", []) if owner.startswith("StatefulSet") else []
        claims = [claim["metadata"]["name"] for claim in templates]
        answer = cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod_of(template["metadata"], template["spec"], claims))
        assert answer.code == 201, f"{owner}: {answer.body.get('message')}"
        assert answer.warnings == [], owner


def test_the_namespace_refuses_pods_that_are_not_restricted(cluster: Cluster, namespace: str) -> None:
    """Otherwise the test above would say nothing."""
    pod = pod_of({}, {"containers": [{"name": "semel", "image": "semel"}]}, [])
    answer = cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
    assert answer.code == 403
    assert "restricted" in answer.body["message"]


@EVERY_VALUES
def test_an_upgrade_with_other_values_is_taken(cluster: Cluster, namespace: str, values: Path) -> None:
    install(cluster, namespace, values)
    status, said = upgrade(cluster, namespace, "--values", str(values), "--set", "config.log.level=debug", "--set", "preStopSeconds=4",
                           "--set", "resources.requests.memory=700Mi", "--set", "podAnnotations.example\\.com/changed=yes")
    assert (status, said) == (0, "")
    [server] = [manifest for manifest in installed(cluster, namespace) if manifest["kind"] == "StatefulSet"]
    stored = cluster.stored(server, namespace).body
    assert stored["metadata"]["generation"] == 2
    [container] = stored["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == "700Mi"


def test_an_upgrade_under_another_name_is_refused(cluster: Cluster, namespace: str) -> None:
    """It would begin with an empty volume."""
    install(cluster, namespace)
    status, said = upgrade(cluster, namespace, "--set", "fullnameOverride=another")
    assert status != 0
    assert f"fullnameOverride: {RELEASE}" in said
    status, said = upgrade(cluster, namespace, "--set", f"fullnameOverride={RELEASE}")
    assert (status, said) == (0, "")


def test_backups_outlive_the_release(cluster: Cluster, namespace: str) -> None:
    install(cluster, namespace, CHART / "ci/backup-values.yaml")
    [claim] = [manifest for manifest in installed(cluster, namespace) if manifest["kind"] == "PersistentVolumeClaim"]
    done = cluster.helm("uninstall", RELEASE, "--namespace", namespace)
    assert done.returncode == 0, done.stderr
    assert cluster.stored(claim, namespace).code == 200
