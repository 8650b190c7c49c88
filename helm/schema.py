#!/usr/bin/env python3
"""Has the chart refuse what the server would, from docs/configuration.md, which the server's tests hold against the server.

- helm/semel/values.schema.json: the chart's own part from helm/schema.json, `config` from the document's tables
- helm/semel/relations.json: what cannot be combined, which no schema can say, for templates/refusals.yaml

    helm/schema.py            # writes them
    helm/schema.py --check    # exits with 1 where one is stale
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent / "docs" / "configuration.md"
OWN_PART = HERE / "schema.json"
SCHEMA = HERE / "semel" / "values.schema.json"
RELATIONS = HERE / "semel" / "relations.json"

TIME_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
SIZE_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

# Told off by templates/refusals.yaml, which can say where to turn instead; a schema could only say no.
SET_BY_CHART = ("listen", "data_dir", "admin.listen", "backup.directory", "tls")
# The chart reckons with these.
REQUIRED_IN = {"shutdown": ["drain_delay", "timeout"]}

# How the document says that one value bounds another: whether it may reach it, too.
BOUNDS = {
    "must be shorter than": False,
    "must be less than": False,
    "must not be longer than": True,
    "must not be more than": True,
}

NAMESPACE = "^[a-z0-9][a-z0-9._-]{0,62}$"
MOST_NAMESPACES = 1000

Schema = dict[str, Any]


class Misread(Exception):
    """The document has something that this file does not understand."""


def rows(document: str, heading: str) -> list[tuple[str, str, str, str]]:
    """Key, kind of value, default and meaning of each row of the table below `## heading`."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", document, re.M | re.S)
    found = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| `(.*?)` \| (.+) \|$", section[1], re.M) if section else []
    if not found:
        raise Misread(f"{DOCUMENT.name}: no table of keys below {heading!r}")
    return found


def digits_between(low: int, high: int) -> list[str]:
    """Regular expressions that together match the decimal numbers from low to high, without leading zeros."""
    found = []
    while low <= high:
        # The largest block of the form 12xxx that begins here, and as many after it as differ in its last fixed digit.
        free = len(str(low)) - 1
        while low % 10**free or low + 10**free > high + 1:
            free -= 1
        first = low // 10**free
        last = min((high + 1) // 10**free - 1, first // 10 * 10 + 9)
        same, digit = str(first)[:-1], first % 10
        found.append(f"{same}{digit if first == last else f'[{digit}-{last % 10}]'}{any_digits(free)}")
        low = (last + 1) * 10**free
    return found


def any_digits(count: int) -> str:
    return ("", "[0-9]")[count] if count < 2 else f"[0-9]{{{count}}}"


def with_unit(kind: str, low: str, high: str, units: dict[str, int]) -> Schema:
    """A whole number and a unit, from low to high. A validator shows the expression it did not match, so the words come first:
    nothing matches what stands before `^`."""
    least, most = quantity(low, units), quantity(high, units)
    choices = []
    for unit, factor in units.items():
        first, last = -(-least // factor), most // factor
        if first <= last:
            choices.append(f"({'|'.join(digits_between(first, last))}){unit}")
    return {"type": "string", "pattern": f"a {kind} of {low} to {high}^|^({'|'.join(choices)})$"}


def quantity(text: str, units: dict[str, int]) -> int:
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", text).groups()
    return int(number) * units[unit]


def value_schema(kind: str) -> Schema:
    """The schema of one value, from the document's column `value`."""
    if ranged := re.fullmatch(r"(number|duration|size), (\S+) to (\S+)", kind):
        what, low, high = ranged.groups()
        if what == "number":
            return {"type": "integer", "minimum": int(low), "maximum": int(high)}
        return with_unit(what, low, high, TIME_UNITS if what == "duration" else SIZE_UNITS)
    if kind == "`true` or `false`":
        return {"type": "boolean"}
    if re.fullmatch(r"`\w+`(, `\w+`)+", kind):
        return {"enum": re.findall(r"`(\w+)`", kind)}
    if kind == "path" or kind.startswith(("path, ", "host:port")):
        return {"type": "string", "minLength": 1}
    raise Misread(f"{DOCUMENT.name}: what is {kind!r}?")


def default_value(schema: Schema, text: str) -> Any:
    """The default as JSON: numbers and flags are not strings."""
    return json.loads(text) if schema.get("type") in ("integer", "boolean") else text


def set_by_chart(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in SET_BY_CHART)


def section(name: str = "") -> Schema:
    required = {"required": REQUIRED_IN[name]} if name in REQUIRED_IN else {}
    return {"type": "object", "additionalProperties": False, **required, "properties": {}}


def settings(table: list[tuple[str, str, str, str]]) -> Schema:
    """Keys with dots become sections within sections."""
    root = section()
    for key, kind, default, meaning in table:
        *path, name = key.split(".")
        if set_by_chart(key):
            value: Schema = {"description": "The chart sets it."}
        else:
            value = {"description": meaning.replace("`", ""), **value_schema(kind)}
            value["default"] = default_value(value, default)
        place = root
        for step in path:
            place = place["properties"].setdefault(step, section(step))
        place["properties"][name] = value
    return root


def config_schema(document: str) -> tuple[Schema, Schema]:
    """Of `config`, and of one policy within it."""
    policy = settings(rows(document, "Policies"))
    config = settings(rows(document, "The server"))
    config["required"] = list(REQUIRED_IN)
    config["properties"]["default_policy"] = {"$ref": "#/definitions/policy"}
    config["properties"]["namespaces"] = {
        "type": "object",
        "maxProperties": MOST_NAMESPACES,
        "propertyNames": {"pattern": NAMESPACE},
        "additionalProperties": {"$ref": "#/definitions/policy"},
    }
    return config, policy


def values_schema(document: str) -> Schema:
    schema = json.loads(OWN_PART.read_text(encoding="utf-8"))
    config, policy = config_schema(document)
    for name in SET_BY_CHART:
        config["properties"].setdefault(name.split(".")[0], {"description": "The chart sets it."})
    schema["properties"]["config"] = config
    schema["definitions"]["policy"] = policy
    return schema


def relations(document: str) -> dict[str, list[Schema]]:
    """For the server and for each policy: which setting bounds which, with the defaults of both."""
    defaults = {
        of: {key: default for key, _, default, _ in rows(document, heading)}
        for of, heading in (("server", "The server"), ("policy", "Policies"))
    }
    found: dict[str, list[Schema]] = {of: [] for of in defaults}
    section = re.search(r"^## What cannot be combined\n(.*?)(?=^## |\Z)", document, re.M | re.S)
    for key, words, other in re.findall(r"^- `(\S+)` (.+?) `(\S+)`$", section[1] if section else "", re.M):
        if set_by_chart(key) and set_by_chart(other):
            continue  # right by construction
        of = next((of for of, known in defaults.items() if key in known and other in known), None)
        if of is None or words not in BOUNDS:
            raise Misread(f"{DOCUMENT.name}: `{key}` {words} `{other}`?")
        ends = [{"path": name.split("."), "default": defaults[of][name]} for name in (key, other)]
        found[of].append({"value": ends[0], "words": words, "bound": ends[1], "reaches": BOUNDS[words]})
    if not all(found.values()):
        raise Misread(f"{DOCUMENT.name}: nothing below 'What cannot be combined'")
    return found


def main() -> int:
    document = DOCUMENT.read_text(encoding="utf-8")
    stale = []
    for path, content in ((SCHEMA, values_schema(document)), (RELATIONS, relations(document))):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(HERE.parent)} is stale: run helm/schema.py", file=sys.stderr)
        return 1 if stale else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
