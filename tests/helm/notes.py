"""NOTES.txt as `helm install` would print it; Helm itself prints it only with a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path

from chart import CHART, Values, only, rendered

SHOWN = """apiVersion: v1
kind: Notes
metadata: {name: notes}
text: {{ include "notes" . | toJson }}
"""


def notes(values: Values, folder: Path) -> str:
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    text = (chart / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    (chart / "templates" / "_notes.tpl").write_text('{{ define "notes" }}' + text + "{{ end }}", encoding="utf-8")
    (chart / "templates" / "shown.yaml").write_text(SHOWN, encoding="utf-8")
    return str(only(rendered(values, chart=chart), "Notes")["text"])
