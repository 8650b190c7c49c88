"""The dashboards' files: what the code makes, complete, and laid out so that Grafana shows all of it."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations
from typing import Any

import pytest

from expressions import dashboards, panels_of
from monitored import REPOSITORY

GENERATE = REPOSITORY / "helm/dashboards/generate.py"
KINDS = {"timeseries", "stat", "table", "heatmap"}
UNITS = {"ops", "s", "bytes", "Bps", "percentunit", "short", "dateTimeFromNow"}  # Grafana has these, and many more
COLUMNS = 24
OLDEST_SCHEMA = 36  # of Grafana 9

ALL = dashboards()
PANELS = [(dashboard, panel) for dashboard in ALL for panel in panels_of(dashboard)]

each_dashboard = pytest.mark.parametrize("dashboard", [pytest.param(each, id=each["uid"]) for each in ALL])
each_panel = pytest.mark.parametrize(
    ("dashboard", "panel"), [pytest.param(*both, id=f"{both[0]['uid']}: {both[1]['title']}") for both in PANELS]
)


def test_the_files_are_what_the_code_makes() -> None:
    checked = subprocess.run([sys.executable, str(GENERATE), "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_there_are_three() -> None:
    assert {dashboard["uid"] for dashboard in ALL} == {"semel-overview", "semel-storage", "semel-namespaces"}


@each_dashboard
def test_a_dashboard_is_complete(dashboard: dict[str, Any]) -> None:
    assert dashboard["title"].startswith("Semel / ")
    assert dashboard["description"].endswith(".")
    assert dashboard["schemaVersion"] >= OLDEST_SCHEMA
    assert dashboard["editable"] is False
    assert dashboard["tags"] == ["semel"]
    (link,) = dashboard["links"]
    assert (link["type"], link["tags"], link["includeVars"], link["keepTime"]) == ("dashboards", ["semel"], True, True)
    assert set(dashboard["time"]) == {"from", "to"}
    assert "id" not in dashboard, "a number of one Grafana's own"


@each_dashboard
def test_what_can_be_chosen(dashboard: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables.pop("datasource")["type"] == "datasource"
    assert {"job", "instance"} <= set(variables)
    for variable in variables.values():
        assert variable["type"] == "query"
        assert variable["multi"] and variable["includeAll"], "all are shown until some are chosen"
        assert variable["query"]["query"] == variable["definition"]
        assert variable["definition"].startswith("label_values(semel_")


@each_dashboard
def test_only_variables_that_exist_are_used(dashboard: dict[str, Any]) -> None:
    known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval", "__range"}
    used = set(re.findall(r"\$\{?(\w+)", str(dashboard)))
    used -= {"__all"}  # what stands for all values of a variable
    assert used <= known
    if "semel_namespace" in known:
        assert "semel_namespace" in used


@each_dashboard
def test_titles_and_numbers_are_unique(dashboard: dict[str, Any]) -> None:
    for key in ("title", "id"):
        values = [panel[key] for panel in dashboard["panels"]]
        assert len(values) == len(set(values))


@each_dashboard
def test_panels_lie_beside_each_other(dashboard: dict[str, Any]) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    for title, place in places:
        assert set(place) == {"x", "y", "w", "h"}
        assert place["x"] >= 0 and place["y"] >= 0 and place["w"] > 0 and place["h"] > 0, title
        assert place["x"] + place["w"] <= COLUMNS, title
    for (title, one), (other_title, other) in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, f"{title} lies on {other_title}"


@each_panel
def test_a_panel_explains_itself(dashboard: dict[str, Any], panel: dict[str, Any]) -> None:
    assert panel["type"] in KINDS
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert defaults["noValue"], "words for the time in which there is nothing"
    assert defaults["thresholds"]["steps"][0]["value"] is None, "Grafana wants a colour for all that lies below"
    if panel["type"] in ("timeseries", "heatmap"):
        assert "legend" in panel["options"]


@each_panel
def test_a_panel_asks_what_grafana_can_send(dashboard: dict[str, Any], panel: dict[str, Any]) -> None:
    targets = panel["targets"]
    assert targets
    refs = [target["refId"] for target in targets]
    assert len(refs) == len(set(refs))
    for target in targets:
        assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert target["expr"]
        assert target["instant"] is not target["range"]
        if panel["type"] == "timeseries":
            assert target["legendFormat"], "a series without words shows all of its labels"
        assert 'job=~"$job' in target["expr"], "what is not chosen above is not shown"
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == "byFrameRefID":
            assert override["matcher"]["options"] in refs
