"""The templates' own tests, helm/semel/tests/*_test.yaml, run by helm-unittest."""

from __future__ import annotations

import re
import subprocess

from chart import CHART, PATIENCE


def test_the_templates_own_tests() -> None:
    done = subprocess.run(["helm-unittest", "--strict", CHART], text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(r"^Tests: +(\d+) passed, (\d+) total", done.stdout, re.MULTILINE)
    assert counted, done.stdout
    print(f"helm-unittest: {counted[0]}")
    assert counted[1] == counted[2] and int(counted[1]) > 0


NAMED = re.compile(r"^ *(?:- |template: |templates: \[)[\"']?(?:templates/)?([\w/.]+\.(?:yaml|txt))", re.MULTILINE)


def test_every_template_has_tests() -> None:
    """A template without one would be changed without anybody noticing."""
    tested = {template for file in (CHART / "tests").glob("*_test.yaml") for template in NAMED.findall(file.read_text())}
    templates = {str(path.relative_to(CHART / "templates")) for path in (CHART / "templates").rglob("*") if path.is_file()}
    made = {name for name in templates if not name.startswith("_")}
    assert made - tested == set()
