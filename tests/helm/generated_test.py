"""What is committed and made of other files is what would be made now; and the values are short enough to be read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chart import CHART, PATIENCE, REPOSITORY, helm

MOST_LINES = 200
# A chart belongs to whoever installs it: where the images are is theirs to say.
HOSTS = re.compile(r"\b(docker\.io|ghcr\.io|quay\.io|gcr\.io|registry\.k8s\.io|[a-z0-9.-]*amazonaws\.com|[a-z0-9.-]*azurecr\.io)\b")


@pytest.mark.parametrize("script", ["helm/schema.py", "helm/dashboards/generate.py"])
def test_what_a_script_makes_is_committed(script: str) -> None:
    command = [sys.executable, REPOSITORY / script, "--check"]
    done = subprocess.run(command, text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n./dev chart makes it anew"


def test_the_readme_is_what_helm_docs_makes_of_the_values() -> None:
    command = ["helm-docs", "--chart-search-root", REPOSITORY / "helm", "--dry-run", "--log-level", "warning"]
    done = subprocess.run(command, text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    made, committed = done.stdout.strip(), (CHART / "README.md").read_text(encoding="utf-8").strip()
    assert made == committed, "helm/semel/README.md is stale: ./dev chart makes it anew"


def value_lines() -> list[str]:
    return (CHART / "values.yaml").read_text(encoding="utf-8").splitlines()


def test_the_values_are_short() -> None:
    assert len(value_lines()) <= MOST_LINES


def test_every_value_has_its_comment() -> None:
    """Above it: `# -- ` and what it is. A mapping of the chart's needs none, its values do; one with a comment stands for its values."""
    lines, bare, covered = value_lines(), [], -1
    for number, line in enumerate(lines):
        match = re.fullmatch(r"( *)([A-Za-z]\w*):(.*)", line)
        if not match or (covered >= 0 and len(match[1]) > covered):
            continue
        covered = -1
        commented = described(lines, number)
        inner = next((after for after in lines[number + 1 :] if after.strip() and not after.lstrip().startswith("#")), "")
        opens = not match[3].strip() and len(inner) - len(inner.lstrip()) > len(match[1])
        if commented and opens and match[2] != "config":
            covered = len(match[1])
        if not commented and not opens:
            bare.append(f"{number + 1}: {line}")
    assert bare == []


def described(lines: list[str], number: int) -> bool:
    while number > 0 and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        if re.match(r" *# -- \S", lines[number]):
            return True
    return False


def files_of_the_chart() -> list[Path]:
    return [path for path in sorted(CHART.rglob("*")) if path.is_file()]


def test_no_registry_is_named() -> None:
    named = [f"{path.relative_to(CHART)}: {found[0]}" for path in files_of_the_chart() if (found := HOSTS.search(path.read_text()))]
    assert named == []


def test_nothing_that_only_tests_read_is_packed(tmp_path: Path) -> None:
    done = helm("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    packed = subprocess.run(["tar", "-tzf", *tmp_path.glob("*.tgz")], text=True, capture_output=True, check=True).stdout.split()
    assert "semel/values.schema.json" in packed
    assert "semel/templates/tests/once.yaml" in packed
    assert [name for name in packed if name.startswith(("semel/tests/", "semel/ci/")) or name.endswith(".gotmpl")] == []


def test_the_chart_s_app_is_the_server_of_this_repository() -> None:
    chart = (CHART / "Chart.yaml").read_text(encoding="utf-8")
    project = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    version = re.search(r"project\([^)]*VERSION (\d+\.\d+\.\d+)", project)
    assert version and re.search(rf'^appVersion: "?{re.escape(version[1])}"?$', chart, re.MULTILINE)
