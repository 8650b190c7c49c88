"""The chart as `helm template` renders it, for release semel in namespace semel, as the documents have it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "helm/semel"
PATIENCE = 60.0
KINDS = {
    "StatefulSet": "statefulset",
    "Service": "service",
    "ConfigMap": "configmap",
    "CronJob": "cronjob",
    "PersistentVolumeClaim": "pvc",
    "Pod": "pod",
    "NetworkPolicy": "networkpolicy",
    "PodDisruptionBudget": "pdb",
    "ServiceAccount": "serviceaccount",
}


def render(*options: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["helm", "template", "semel", str(CHART), "-n", "semel", *options], text=True, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, f"helm template {options}:\n{done.stderr}"
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@cache
def with_backup() -> Sequence[dict[str, Any]]:
    return render("--set", "backup.enabled=true")


def the(kind: str) -> dict[str, Any]:
    found = [document for document in with_backup() if document["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


def names() -> set[tuple[str, str]]:
    """What there is in the cluster: (kind, name)."""
    found = {(KINDS[document["kind"]], document["metadata"]["name"]) for document in with_backup() if document["kind"] in KINDS}
    server = the("StatefulSet")
    pod = f"{server['metadata']['name']}-0"
    found.add(("pod", pod))
    found |= {("pvc", f"{claim['metadata']['name']}-{pod}") for claim in server["spec"]["volumeClaimTemplates"]}
    return found


def configuration() -> dict[str, Any]:
    """What the server in the pod is told."""
    told: dict[str, Any] = yaml.safe_load(the("ConfigMap")["data"]["semeld.yaml"])
    return told


def values() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    return read
