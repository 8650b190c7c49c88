#!/usr/bin/env python3
"""Writes the dashboards that the chart brings along: helm/semel/dashboards/*.json.

python3 helm/dashboards/generate.py            writes them
python3 helm/dashboards/generate.py --check    only says which are not what the code makes, with exit code 1
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from layout import Dashboard
from namespaces import NAMESPACES
from overview import OVERVIEW
from storage import STORAGE

DASHBOARDS: tuple[Dashboard, ...] = (OVERVIEW, STORAGE, NAMESPACES)
TARGET = Path(__file__).resolve().parents[1] / "semel/dashboards"


def text_of(dashboard: Dashboard) -> str:
    return json.dumps(dashboard.to_json(), indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """Files that are missing, differ, or that no dashboard stands behind."""
    wanted = {f"{dashboard.name}.json": text_of(dashboard) for dashboard in DASHBOARDS}
    there = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        for name in stale():
            print(f"helm/semel/dashboards/{name} is not what helm/dashboards makes: run generate.py", file=sys.stderr)
        return 1 if stale() else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        (TARGET / f"{dashboard.name}.json").write_text(text_of(dashboard), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
