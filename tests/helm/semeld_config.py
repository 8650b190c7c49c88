"""What the real server makes of a configuration that the chart writes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from chart import PATIENCE, Manifest, only


def program(variable: str) -> str:
    path = os.environ.get(variable, "")
    assert os.access(path, os.X_OK), f"{variable} names no program: {path!r}"
    return path


def semeld_yaml(manifests: list[Manifest]) -> str:
    """The file that the pod finds as /etc/semel/semeld.yaml."""
    mounted = [each for each in manifests if each["kind"] == "ConfigMap" and "semeld.yaml" in each["data"]]
    assert len(mounted) == 1
    pod = only(manifests, "StatefulSet")["spec"]["template"]["spec"]
    volume = next(each for each in pod["volumes"] if each["name"] == "config")
    assert volume["configMap"]["name"] == mounted[0]["metadata"]["name"]
    return mounted[0]["data"]["semeld.yaml"]


class Mistaken(Exception):
    """semeld would not start with it; the text is what it said."""


TLS_MOUNT = "/etc/semel-tls"


def with_certificates(text: str, folder: Path) -> str:
    """The same file where the Secret's mount is a folder of this machine: semeld reads what it names, also to check."""
    named = re.findall(rf"{TLS_MOUNT}/(\S+)$", text, re.MULTILINE)
    if named:
        key, certificate = folder / "tls.key", folder / "tls.crt"
        words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=semel"]
        subprocess.run(["openssl", *words, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=PATIENCE)
        for authority in set(named) - {key.name, certificate.name}:
            (folder / authority).write_bytes(certificate.read_bytes())
    return text.replace(TLS_MOUNT, str(folder))


def in_force(text: str, folder: Path) -> dict[str, Any]:
    """Every setting as the server would have it, each as the text that it prints: to YAML's readers `1` is no name."""
    file = folder / "semeld.yaml"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program("SEMEL_TEST_SEMELD"), "--check-config", file], text=True, capture_output=True, timeout=PATIENCE
    )
    if done.returncode != 0:
        raise Mistaken(done.stdout + done.stderr)
    return yaml.load(done.stdout, yaml.BaseLoader)
