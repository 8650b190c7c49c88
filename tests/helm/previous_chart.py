"""The chart that an operator may have installed before this one."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from chart import CHART, REPOSITORY

FOLDER = "helm/semel"
FIRST_VERSION = "0.1.0"


def version_of(chart_yaml: str) -> str:
    match = re.search(r"^version: (\S+)$", chart_yaml, re.MULTILINE)
    assert match, chart_yaml
    return match[1]


def git(*words: str) -> bytes:
    return subprocess.run(["git", "-C", REPOSITORY, *words], check=True, capture_output=True).stdout


def last_of_another_version() -> str | None:
    """The commit that had the chart's version before this one."""
    current = version_of((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    for commit in git("log", "--format=%H", "--", f"{FOLDER}/Chart.yaml").decode().split():
        try:
            there = git("show", f"{commit}:{FOLDER}/Chart.yaml").decode()
        except subprocess.CalledProcessError:
            continue  # the commit that took the chart away
        if version_of(there) != current:
            return commit
    # A clone without its history must not pass for a chart that never had another version.
    assert current == FIRST_VERSION, f"no commit has a chart of another version than {current}: fetch the history"
    return None


def previous_chart(folder: Path) -> Path:
    """That of the version before; of the first version, itself under an older number."""
    commit = last_of_another_version()
    if commit is None:
        return renumbered(folder, version="0.0.9", app_version="0.0.9")
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, FOLDER))) as archive:
        archive.extractall(folder, filter="data")
    return folder / FOLDER


def renumbered(folder: Path, version: str, app_version: str) -> Path:
    """This chart under other numbers, as the next one may be this one with a newer server."""
    chart = folder / f"{version}-{app_version}"
    shutil.copytree(CHART, chart)
    text = (chart / "Chart.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^version: .*$", f"version: {version}", text, flags=re.MULTILINE)
    text = re.sub(r"^appVersion: .*$", f'appVersion: "{app_version}"', text, flags=re.MULTILINE)
    (chart / "Chart.yaml").write_text(text, encoding="utf-8")
    return chart
