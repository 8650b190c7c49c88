"""One API server for all tests of this room."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster

# Objects of other projects that the chart makes. Their own rules are theirs: here they are only stored.
FOREIGN = [("monitoring.coreos.com", "v1", "ServiceMonitor"), ("monitoring.coreos.com", "v1", "PrometheusRule"),
           ("cert-manager.io", "v1", "Certificate")]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="semel-apiserver-") as folder, Cluster(Path(folder)) as running:
        for group, version, kind in FOREIGN:
            define(running, group, version, kind)
        # What the chart's values may name, and an administrator brings.
        running.create("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "important"}, "value": 1000})
        yield running


def define(cluster: Cluster, group: str, version: str, kind: str) -> None:
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    cluster.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                 "versions": [{"name": version, "served": True, "storage": True, "schema": schema}]}})
    cluster.await_kind(f"{group}/{version}", kind)


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A new one, which admits only what the Pod Security Standard "restricted" does, and warns of it too."""
    name = "of-" + "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())[:60].strip("-")
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    cluster.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": levels}})
    # Otherwise made by a controller, of which none runs.
    cluster.create(f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
    return name
