"""The chart as the real Helm renders it."""

from __future__ import annotations

import copy
import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "helm" / "semel"
CI_FILES = sorted((CHART / "ci").glob("*-values.yaml"))
PATIENCE = 120.0  # seconds, longer than Helm takes for anything here

Values = dict[str, Any]
Manifest = dict[str, Any]


class Refused(Exception):
    """Helm would not render the chart; the text is what it said."""


def helm(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ["helm", *map(str, words)]
    return subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=PATIENCE)


@functools.cache
def _template(chart: Path, release: str, namespace: str, kube_version: str, values: str) -> str:
    version = ("--kube-version", kube_version) if kube_version else ()
    done = helm("template", release, chart, "--namespace", namespace, *version, "--values", "-", stdin=values)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return done.stdout


def rendered(
    values: Values | Path | None = None, *, release: str = "semel", namespace: str = "shop", kube_version: str = "", chart: Path = CHART
) -> list[Manifest]:
    """Every object that `helm install` would make, the test's pod too. A file of values is given to Helm as it is."""
    given = values.read_text(encoding="utf-8") if isinstance(values, Path) else json.dumps(values or {}, ensure_ascii=False)
    text = _template(chart, release, namespace, kube_version, given)
    return [manifest for manifest in yaml.safe_load_all(text) if manifest is not None]


def values_of(file: Path) -> Values:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def default_values() -> Values:
    return values_of(CHART / "values.yaml")


def merged(base: Values, over: Values) -> Values:
    """As Helm lays one file of values over another."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def nested(path: str, value: Any) -> Values:
    """`nested("a.b", 1)` is `{"a": {"b": 1}}`."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def only(manifests: list[Manifest], kind: str, suffix: str = "") -> Manifest:
    """The one object of the kind whose name ends so."""
    found = [each for each in manifests if each["kind"] == kind and each["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, f"{len(found)} objects are a {kind} called ...{suffix}"
    return found[0]


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Each pod that the objects would make, with whose it is: metadata and spec."""
    for manifest in manifests:
        match manifest["kind"]:
            case "Pod":
                yield title(manifest), manifest
            case "StatefulSet" | "Deployment" | "Job" | "DaemonSet":
                yield title(manifest), manifest["spec"]["template"]
            case "CronJob":
                yield title(manifest), manifest["spec"]["jobTemplate"]["spec"]["template"]
