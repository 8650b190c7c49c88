"""The configuration that the chart writes is one that the real server takes, and has the values that were meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart import CI_FILES, REPOSITORY, Refused, Values, default_values, merged, nested, rendered, values_of
from semeld_config import Mistaken, in_force, semeld_yaml, with_certificates

every_file = pytest.mark.parametrize("file", [None, *CI_FILES], ids=lambda file: file.name if file else "defaults")


def force_of(values: Values | Path | None, folder: Path) -> dict[str, Any]:
    return in_force(with_certificates(semeld_yaml(rendered(values)), folder), folder)


def flat(settings: Values, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}/")
        else:
            found[prefix + key] = value
    return found


def same(written: str, meant: Any) -> bool:
    """`60s` is told as `1m`."""
    return normal(written) == normal(str(meant).lower() if isinstance(meant, bool) else str(meant))


def normal(value: str) -> Any:
    units = {"us": 1, "ms": 1000, "s": 10**6, "m": 6 * 10**7, "h": 36 * 10**8, "d": 24 * 36 * 10**8}
    units |= {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
    match = re.fullmatch(r"(\d+)([a-zA-Z]+)", value)
    return (int(match[1]) * units[match[2]], match[2][-1] == "B") if match and match[2] in units else value


@every_file
def test_the_server_takes_it_and_has_the_values_that_were_meant(file: Path | None, tmp_path: Path) -> None:
    force = flat(force_of(file, tmp_path))
    values = values_of(file) if file else {}
    for path, meant in flat(merged(default_values(), values)["config"]).items():
        if meant != {}:
            assert same(force[path], meant), path
    assert force["listen"] == "0.0.0.0:7420"
    assert force["admin/listen"] == "0.0.0.0:7421"
    tls = merged(default_values(), values)["tls"]
    certificates = [("certificate", "tls.crt"), ("private_key", "tls.key"), *([("client_ca", tls["clientCa"])] if tls["clientCa"] else [])]
    for key, name in certificates if tls["enabled"] else []:
        assert force[f"tls/{key}"] == str(tmp_path / name)


# What YAML takes for null, true, a number, a date, or a number to the base of sixty.
NAMES = [
    "null", "yes", "no", "on", "off", "true", "false", "y", "n", "1", "0", "007", "0x1f", "0o17", "1e3", "1.5e3", "1_000", "12.0",
    "2026-11-22", "1.2.3", "nan", "inf", "a", "a-b", "a.b", "a_b", "x" * 63,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_namespace_keeps_its_name(name: str, tmp_path: Path) -> None:
    force = force_of({"config": {"namespaces": {name: {"max_attempts": 3}}}}, tmp_path)
    assert force["namespaces"] == {name: {"max_attempts": "3"}}


@pytest.mark.parametrize("number", [1, 999999, 1000000, 1000001, 16777217, 1000000000])
def test_a_large_number_stays_whole(number: int, tmp_path: Path) -> None:
    """Helm reads numbers as floating point, which it may write as 1e+06."""
    assert force_of(nested("config.limits.max_open_keys", number), tmp_path)["limits"]["max_open_keys"] == str(number)


def test_numbers_in_a_file_of_values_stay_whole_too(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("config: {limits: {max_calls: 1000000}, namespaces: {orders: {max_attempts: 1000000}}}", encoding="utf-8")
    force = force_of(file, tmp_path)
    assert (force["limits"]["max_calls"], force["namespaces"]["orders"]["max_attempts"]) == ("1000000", "1000000")


def documented() -> list[tuple[str, str]]:
    """Each key of the table `The server` with its default, but those that the chart sets."""
    text = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = re.search(r"^## The server\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section
    rows = re.findall(r"^\| `([a-z_.]+)` \| .+? \| `(.*?)` \|", section[1], re.MULTILINE)
    return [(key, default) for key, default in rows if not re.match(r"(admin\.)?listen$|data_dir$|backup\.directory$|tls\.", key)]


def test_every_documented_key_can_be_set_by_the_values(tmp_path: Path) -> None:
    keys = documented()
    assert len(keys) > 20
    values: Values = {}
    for key, default in keys:
        values = merged(values, nested(f"config.{key}", yaml.safe_load(default)))
    # The two that the chart ties to each other and to its own grace.
    values = merged(values, {"config": {"shutdown": {"drain_delay": "1s", "timeout": "2s"}}})
    force = flat(force_of(values, tmp_path))
    for path, meant in flat(values["config"]).items():
        assert same(force[path], meant), path


# Odd ones, within their kind, which the schema and the server must judge alike.
BORDERS: list[tuple[str, list[Any]]] = [
    ("config.shutdown.timeout", ["30s", "90m", "24h", "25h", "1000000us"]),
    ("config.log.level", ["debug", "error", "off", "INFO"]),
    ("config.polling_threads", [0, 1, 64, 65, 1000]),
    ("config.limits.max_calls", [0, 1, 1000000, 10**12]),
    ("config.limits.max_queue_delay", ["0s", "1us", "1ms", "1h", "1d"]),
    ("config.limits.max_open_bytes", ["0B", "1B", "1MiB", "1TiB", "1024TiB"]),
    ("config.storage.block_cache", ["0B", "1MiB", "1TiB"]),
    ("config.storage.reclaim_interval", ["0s", "1s", "1m", "30d", "400d"]),
    ("config.default_policy.lease_max", ["0s", "1s", "1d", "7d", "400d"]),
    ("config.default_policy.key_retention", ["0s", "1s", "7d", "3650d", "36500d"]),
    ("config.default_policy.max_attempts", [0, 1, 2**31, 2**32]),
    ("config.default_policy.max_result_bytes", ["0B", "4MiB", "1GiB"]),
    ("config.backup.keep", [0, 1, 1000, 10**6]),
]


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in BORDERS for value in values], ids=str)
def test_the_schema_takes_what_the_server_takes_and_no_more(path: str, value: Any, tmp_path: Path) -> None:
    """What the server would refuse must not reach it: the pod would never get ready. Relations between values it may."""
    text = yaml.safe_dump(nested(path.removeprefix("config."), value))
    try:
        in_force(text, tmp_path)
        taken, why = True, ""
    except Mistaken as mistaken:
        taken, why = False, str(mistaken)
    try:
        rendered(nested(path, value))
        offered, said = True, ""
    except Refused as refused:
        offered, said = False, str(refused)
    together = re.search(r"must (not )?be (longer|shorter|below|less|at (least|most)) .*\b[a-z]+_[a-z_]+\b", why)
    assert offered == taken or together or "config.shutdown" in said, f"server: {why or 'takes it'}\nchart: {said or 'takes it'}"


def test_the_server_takes_the_documents_example_of_tls(tmp_path: Path) -> None:
    document = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^## TLS\n.*?^```yaml\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    force = in_force(with_certificates(example, tmp_path), tmp_path)
    assert {key: Path(path).name for key, path in force["tls"].items()} == {
        "certificate": "tls.crt", "private_key": "tls.key", "client_ca": "ca.crt"
    }  # fmt: skip
