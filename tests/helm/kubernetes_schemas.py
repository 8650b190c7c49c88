"""Whether Kubernetes knows every field of an object, by the schemas of its API; offline."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

from chart import CHART, Manifest

# What is no part of Kubernetes itself: the fields that the chart writes, as their operators document them.
CUSTOM = Path(__file__).resolve().parent / "custom_resources"


def oldest_taken() -> str:
    wanted = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["kubeVersion"]
    match = re.fullmatch(r">=(\d+\.\d+)\.0-0", wanted)
    assert match, f"kubeVersion {wanted} names no oldest version"
    return match[1]


# The oldest that the chart takes, the one that Helm assumes, and the newest whose schemas there are.
VERSIONS = [oldest_taken(), "1.33", kubernetes_validate.latest_version().rpartition(".")[0]]


def schema_violation(manifest: Manifest, version: str) -> str:
    """What is wrong with the object, or nothing. A field that is unknown is wrong too."""
    return _violation(json.dumps(manifest, default=str), version)


# From one case to the next most objects are the same, and the schemas are large.
@functools.cache
def _violation(text: str, version: str) -> str:
    manifest = json.loads(text)
    custom = CUSTOM / f"{manifest['kind'].lower()}.json"
    try:
        if custom.exists():
            jsonschema.validate(manifest, json.loads(custom.read_text(encoding="utf-8")), jsonschema.Draft202012Validator)
        else:
            kubernetes_validate.validate(manifest, version, strict=True)
    except jsonschema.ValidationError as error:
        return f"{error.json_path}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    return ""
