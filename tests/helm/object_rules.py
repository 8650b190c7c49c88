"""What Kubernetes' API server asks of objects beyond the schemas of their fields: names, labels, and what names what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chart import Manifest, pods, title

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
FILE = re.compile(r"[-._a-zA-Z0-9]+")
QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e\d+)?")
# A pod is called after its StatefulSet and a number, a Job after its CronJob and ten figures more; and a host by 63 bytes at most.
LONGEST_NAME = {"StatefulSet": 52, "CronJob": 52, "Service": 63, "Pod": 63}
LARGEST_ANNOTATIONS = 256 * 1024
LARGEST_CONFIG_MAP = 1024 * 1024


def violations(manifests: list[Manifest]) -> list[str]:
    found = [f"twice: {name}" for name, count in Counter(map(title, manifests)).items() if count > 1]
    for manifest in manifests:
        found += [f"{title(manifest)}: {what}" for what in _of_metadata(manifest["metadata"], manifest["kind"])]
        if manifest["kind"] == "ConfigMap":
            found += [f"{title(manifest)}: {what}" for what in _of_data(manifest.get("data", {}))]
    for owner, pod in pods(manifests):
        found += [f"{owner}: {what}" for what in [*_of_metadata(pod["metadata"], ""), *_of_pod(pod["spec"])]]
    return found + list(_of_selectors(manifests))


def _of_metadata(metadata: Manifest, kind: str) -> Iterator[str]:
    name = metadata.get("name", "")
    if kind and (not SUBDOMAIN.fullmatch(name) or len(name) > LONGEST_NAME.get(kind, 253)):
        yield f"name {name!r}"
    if kind == "Service" and not LABEL_1035.fullmatch(name):
        yield f"name {name!r} is no DNS label"
    for key, value in (metadata.get("labels") or {}).items():
        yield from _of_key(key)
        if not isinstance(value, str) or len(value) > 63 or (value and not QUALIFIED.fullmatch(value)):
            yield f"label {key}: {value!r}"
    annotations = metadata.get("annotations") or {}
    for key, value in annotations.items():
        yield from _of_key(key.lower() if isinstance(key, str) else key)  # as the API server does, here only
        if not isinstance(value, str):
            yield f"annotation {key}: {value!r} is no text"
    if sum(len(str(each).encode()) for pair in annotations.items() for each in pair) > LARGEST_ANNOTATIONS:
        yield "annotations are too large"


def _of_key(key: Any) -> Iterator[str]:
    prefix, slash, name = key.rpartition("/") if isinstance(key, str) else ("", "", "")
    if not QUALIFIED.fullmatch(name) or len(name) > 63 or (slash and (not SUBDOMAIN.fullmatch(prefix) or len(prefix) > 253)):
        yield f"key {key!r}"


def _of_data(data: Manifest) -> Iterator[str]:
    for file, text in data.items():
        if not FILE.fullmatch(file) or not isinstance(text, str):
            yield f"file {file!r}"
    if sum(len(str(text).encode()) for text in data.values()) > LARGEST_CONFIG_MAP:
        yield "is too large"


def _of_pod(spec: Manifest) -> Iterator[str]:
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        yield from _of_container(container)
    names = [volume["name"] for volume in spec.get("volumes", [])]
    if len(set(names)) != len(names):
        yield f"volumes {names}"


def _of_container(container: Manifest) -> Iterator[str]:
    if not re.fullmatch(r"[^\s:@]+(:\d+/[^\s:@]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?", container["image"]):
        yield f"image {container['image']!r}"
    for word in [*container.get("command", []), *container.get("args", [])]:
        if not isinstance(word, str):
            yield f"argument {word!r} is no text"
    for variable in container.get("env", []):
        if not VARIABLE.fullmatch(variable["name"]) or not isinstance(variable.get("value", ""), str):
            yield f"variable {variable}"
    ports = {port["name"] for port in container.get("ports", [])}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        if isinstance(port, str) and port not in ports:
            yield f"{probe} asks port {port!r}, which is none of {ports}"
    resources = container.get("resources") or {}
    for kind in ("requests", "limits"):
        for resource, amount in resources.get(kind, {}).items():
            if not QUANTITY.fullmatch(str(amount)):
                yield f"{kind} of {resource}: {amount!r}"


def _selects(selector: Manifest, labels: Manifest) -> bool:
    return bool(selector) and selector.items() <= (labels or {}).items()


def _of_selectors(manifests: list[Manifest]) -> Iterator[str]:
    """Whoever selects pods selects the server's, and no others."""
    servers, others = [], []
    for manifest in manifests:
        for _, pod in pods([manifest]):
            labels = dict(pod["metadata"]["labels"])
            if manifest["kind"] == "StatefulSet":
                labels["statefulset.kubernetes.io/pod-name"] = manifest["metadata"]["name"] + "-0"
            (servers if manifest["kind"] == "StatefulSet" else others).append((labels, pod["spec"]))
    for manifest in manifests:
        selector = _selector_of(manifest)
        if selector is None:
            continue
        if not all(_selects(selector, labels) for labels, _ in servers):
            yield f"{title(manifest)} does not select the server's pod: {selector}"
        if any(_selects(selector, labels) for labels, _ in others):
            yield f"{title(manifest)} selects more than the server's pod: {selector}"
        if manifest["kind"] == "Service":
            ports = {port["name"] for _, spec in servers for port in spec["containers"][0]["ports"]}
            for port in manifest["spec"]["ports"]:
                if port["targetPort"] not in ports:
                    yield f"{title(manifest)} leads to port {port['targetPort']!r}, which is none of {ports}"


def _selector_of(manifest: Manifest) -> Manifest | None:
    match manifest["kind"]:
        case "Service":
            return manifest["spec"]["selector"]
        case "StatefulSet" | "PodDisruptionBudget":
            return manifest["spec"]["selector"]["matchLabels"]
        case "NetworkPolicy":
            return manifest["spec"]["podSelector"]["matchLabels"]
        case _:
            return None
