"""The values that the chart's README shows are values that Helm and the real server take."""

from __future__ import annotations

import re
from pathlib import Path

from chart import CHART, Manifest, helm, only, rendered
from semeld_config import in_force, semeld_yaml, with_certificates


def example(folder: Path) -> Path:
    """The README's one block of YAML, as the file that an operator makes of it."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", (CHART / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = folder / "values.yaml"
    file.write_text(block, encoding="utf-8")
    return file


def test_lint_has_nothing_to_say_of_the_example(tmp_path: Path) -> None:
    done = helm("lint", "--strict", CHART, "--values", example(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_the_server_takes_the_example(tmp_path: Path) -> None:
    manifests: list[Manifest] = rendered(example(tmp_path))
    force = in_force(with_certificates(semeld_yaml(manifests), tmp_path), tmp_path)
    assert force["namespaces"]["payments"]["on_lapse"] == "in_doubt"
    assert only(manifests, "ServiceMonitor")["metadata"]["labels"]["release"] == "prometheus"
    assert only(manifests, "PrometheusRule")["metadata"]["labels"]["release"] == "prometheus"
