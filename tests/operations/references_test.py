"""What the documents name: pages, headings, metrics, alerts, settings and their defaults."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

import chart
import semeld
from semeld import Semeld

REPOSITORY = chart.REPOSITORY
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
OPERATING = sorted((REPOSITORY / "docs").glob("*.md"))
PATIENCE = 30.0
PROGRAMS = {"semel_demo"}  # what is called so and is no metric


def prose(document: Path) -> str:
    return re.sub(r"^\s*```.*?^\s*```$", "", document.read_text(), flags=re.M | re.S)


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*)$", prose(document), re.M):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda link: link[1] or "", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    missing = []
    for target in re.findall(r"\]\((?![a-z]+:)([^)\s]+)\)", prose(document)):
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        if not there.exists():
            missing.append(target)
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            missing.append(target)
    assert not missing


@pytest.fixture(scope="module")
def metrics_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a server with TLS, which has metrics of its own."""
    directory = tmp_path_factory.mktemp("metrics")
    certificate, key = directory / "tls.crt", directory / "tls.key"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=semel"]
    subprocess.run(["openssl", *words, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=PATIENCE)
    server = Semeld(directory, f"log: {{level: warning}}\ntls: {{certificate: {certificate}, private_key: {key}}}\n")
    server.start()
    try:
        return server.http("/metrics")[1]
    finally:
        server.kill()


@pytest.mark.parametrize("document", OPERATING, ids=lambda path: path.name)
def test_metrics_are_those_of_the_server(document: Path, metrics_page: str) -> None:
    known = set(re.findall(r"^# TYPE (\S+)", metrics_page, re.M)) | PROGRAMS
    known |= set(re.findall(r"[{,](\w+)=", metrics_page))  # labels, some of which are called like metrics
    named = set(re.findall(r"(?<![\w:/.-])semel_[a-z0-9_]+[a-z0-9]", document.read_text()))
    bases = {name: re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    assert not {name for name, base in bases.items() if name not in known and base not in known}


@pytest.mark.parametrize("document", OPERATING, ids=lambda path: path.name)
def test_alerts_are_those_of_the_rules(document: Path) -> None:
    rules = [
        rule
        for file in (chart.CHART / "rules").glob("*.yaml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    alerts = {rule["alert"] for rule in rules if "alert" in rule}
    assert alerts, "there are no rules"
    named = set(re.findall(r"\bSemel[A-Z][A-Za-z]+", prose(document)))
    assert named <= alerts


def settings() -> dict[str, str]:
    """Every setting and its default, as docs/configuration.md has them."""
    page = (REPOSITORY / "docs/configuration.md").read_text()
    return dict(re.findall(r"^\| `([a-z_.]+)` \|[^|]*\| `([^`]*)` \|", page, re.M))


def test_limits_have_the_defaults_that_the_page_says() -> None:
    known, seen = settings(), 0
    for row in re.findall(r"^\| (`limits\.[^|]*) \| ([^|]*) \|", (REPOSITORY / "docs/kubernetes.md").read_text(), re.M):
        names = re.findall(r"`([a-z_.]+)`", row[0])
        defaults = [default.strip().replace(",", "").replace(" ", "") for default in row[1].split(";")]
        assert defaults == [known[name] for name in names]
        seen += len(names)
    assert seen >= 8


@pytest.mark.parametrize("document", OPERATING, ids=lambda path: path.name)
def test_settings_exist(document: Path) -> None:
    rooms = "limits|storage|shutdown|connections|admin|log"
    named = set(re.findall(rf"`((?:{rooms})\.[a-z_]+)`", prose(document)))
    assert named <= set(settings()), "not in docs/configuration.md"


@pytest.mark.parametrize("document", OPERATING, ids=lambda path: path.name)
def test_values_exist(document: Path) -> None:
    rooms = "persistence|backup|networkPolicy|tls|config|serviceMonitor|prometheusRule|dashboards"
    unknown = []
    for path in set(re.findall(rf"`((?:{rooms})\.[A-Za-z_.]+)`", prose(document))):
        known = path in settings() or path.removeprefix("config.") in settings()
        unknown += [path] if not known and not in_values(path) else []
    assert not unknown


def in_values(path: str) -> bool:
    at: object = chart.values()
    for part in path.split("."):
        if not isinstance(at, dict) or part not in at:
            return False
        at = at[part]
    return True


def test_the_restart_takes_what_the_chart_gives_it() -> None:
    page, values = (REPOSITORY / "docs/upgrading.md").read_text(), chart.values()
    assert f"`preStopSeconds`, {values['preStopSeconds']} s" in page
    assert f"`shutdown.drain_delay`, {values['config']['shutdown']['drain_delay'].removesuffix('s')} s in the chart" in page
    assert f"`shutdown.timeout` ({values['config']['shutdown']['timeout'].removesuffix('s')} s, the delay included)" in page
    incident = (REPOSITORY / "docs/incident.md").read_text()
    assert f"`startupSeconds` ({values['startupSeconds'] // 60} minutes)" in incident


def test_the_lines_of_a_start_that_fails_are_those_of_the_server() -> None:
    """What a person compares with the log, in the middle of the night."""
    page = (REPOSITORY / "docs/incident.md").read_text()
    table = page[page.index("| the line says | do |") :].split("\n\n")[0].splitlines()[2:]
    program, seen = semeld.binary().read_bytes(), 0
    for row in table:
        said = row.strip("| ").split(" | ")[0]
        if said.startswith("a file's name"):
            continue  # RocksDB's words, of which there are many
        for piece in re.split(r"\s*\bN\b\s*|\s*…\s*", said):
            assert piece.encode() in program, f"semeld does not say: {piece}"
        seen += 1
    assert seen >= 6
