"""The pods do what the real programs understand: the server with the rendered file, the probes, the backup job, the chart's own test."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from semeld import Semeld

from chart import PATIENCE, REPOSITORY, Manifest, only, rendered
from notes import notes
from semeld_config import program, semeld_yaml

WITH_BACKUPS = {"backup": {"enabled": True}, "serviceMonitor": {"enabled": True}}


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    return rendered(WITH_BACKUPS)


@pytest.fixture(scope="module")
def server(manifests: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Semeld]:
    """On the rendered file; only where it listens and where its volumes are is this machine's."""
    folder = tmp_path_factory.mktemp("server")
    backups = re.search(r"^ +directory: (/var/backups/semel\S*)$", semeld_yaml(manifests), re.MULTILINE)
    assert backups
    server = Semeld(folder, semeld_yaml(manifests).replace(backups[1], str(folder / "backups")))
    server.start()
    yield server
    server.stop()


def container(pod: Manifest) -> Manifest:
    return pod["spec"]["containers"][0]


def server_pod(manifests: list[Manifest]) -> Manifest:
    return only(manifests, "StatefulSet")["spec"]["template"]


def get(server: Semeld, path: str) -> int:
    with urllib.request.urlopen(f"http://{server.admin_address}{path}", timeout=PATIENCE) as reply:
        return int(reply.status)


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_each_probe_asks_what_a_server_that_is_well_answers(probe: str, manifests: list[Manifest], server: Semeld) -> None:
    asked = container(server_pod(manifests))[probe]["httpGet"]
    assert asked["port"] == "admin" and asked.get("scheme", "HTTP") == "HTTP"
    assert get(server, asked["path"]) == 200


def test_readiness_and_liveness_ask_different_things(manifests: list[Manifest]) -> None:
    """A server that only cannot take writes must not be killed for it."""
    pod = container(server_pod(manifests))
    assert pod["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {pod[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")} == {"/livez"}


def test_metrics_are_where_the_monitor_looks(manifests: list[Manifest], server: Semeld) -> None:
    [endpoint] = only(manifests, "ServiceMonitor")["spec"]["endpoints"]
    service = only(manifests, "Service", "-headless")
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert get(server, endpoint["path"]) == 200


def test_the_ports_of_the_pod_are_those_of_the_file_and_of_the_server(manifests: list[Manifest]) -> None:
    text = semeld_yaml(manifests)
    said = dict(re.findall(r"^( *listen): \S+:(\d+)$", text, re.MULTILINE))
    ports = {port["name"]: str(port["containerPort"]) for port in container(server_pod(manifests))["ports"]}
    assert ports == {"grpc": said["listen"], "admin": said["  listen"]}
    usual = subprocess.run([program("SEMEL_TEST_SEMELD"), "--help"], text=True, capture_output=True, timeout=PATIENCE).stdout
    assert f"default 0.0.0.0:{ports['grpc']}" in usual
    assert f"default 0.0.0.0:{ports['admin']}" in usual


def test_the_arguments_of_the_server_are_flags_that_it_has(manifests: list[Manifest]) -> None:
    usual = subprocess.run([program("SEMEL_TEST_SEMELD"), "--help"], text=True, capture_output=True, timeout=PATIENCE).stdout
    arguments = container(server_pod(manifests)).get("args", [])
    flags = [word.partition("=")[0] for word in arguments if word.startswith("--")]
    assert flags
    for flag in flags:
        assert re.search(rf"^ +{re.escape(flag)}\b", usual, re.MULTILINE), flag


def test_what_the_server_reads_and_writes_is_mounted(manifests: list[Manifest]) -> None:
    """And nothing else can be written: the root is read-only."""
    mounts = {mount["mountPath"]: mount for mount in container(server_pod(manifests))["volumeMounts"]}
    paths = re.findall(r"^ *(?:data_dir|directory): (\S+)$", semeld_yaml(manifests), re.MULTILINE)
    assert len(paths) == 2
    for path in paths:
        above = [mount for mount in mounts if path == mount or path.startswith(mount + "/")]
        assert above and not mounts[above[0]].get("readOnly"), path
    configuration = next(word for word in container(server_pod(manifests))["args"] if word.startswith("/"))
    assert str(Path(configuration).parent) in mounts and mounts[str(Path(configuration).parent)]["readOnly"]


def test_the_pod_is_given_longer_than_the_server_takes_to_end(manifests: list[Manifest]) -> None:
    pod = server_pod(manifests)["spec"]
    timeout = re.search(r"^  timeout: (\d+)s$", semeld_yaml(manifests), re.MULTILINE)
    pause = int(container({"spec": pod})["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert timeout and pod["terminationGracePeriodSeconds"] > int(timeout[1]) + pause


def run_pod(pod: Manifest, server: Semeld, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The pod's command in the pod's environment, but for where the server and the program are."""
    (folder / "bin").mkdir()
    (folder / "bin" / "semel").symlink_to(program("SEMEL_TEST_SEMEL"))
    environment = {variable["name"]: variable["value"] for variable in container(pod).get("env", []) if "value" in variable} | more
    assert environment["SEMEL_ADDRESS"].endswith(":7420")
    environment |= {"SEMEL_ADDRESS": server.address, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    words = [*container(pod).get("command", []), *container(pod).get("args", [])]
    words[0] = "semel" if words[0] == "/usr/bin/semel" else words[0]
    return subprocess.run(words, env=environment, text=True, capture_output=True, timeout=PATIENCE)


def test_the_backup_job_makes_a_backup(manifests: list[Manifest], server: Semeld, tmp_path: Path) -> None:
    job = only(manifests, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    done = run_pod(job, server, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with urllib.request.urlopen(f"http://{server.admin_address}/metrics", timeout=PATIENCE) as reply:
        assert re.search(r"^semel_backup\w*_timestamp_seconds(\{.*\})? 1", reply.read().decode(), re.MULTILINE)


def test_the_backup_job_fails_where_there_is_no_server(manifests: list[Manifest], tmp_path: Path) -> None:
    job = only(manifests, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    container(job)["args"] = [re.sub(r"^--wait=.*", "--wait=1s", word) for word in container(job)["args"]]
    nobody = Semeld(tmp_path)
    nobody.address = "127.0.0.1:1"
    assert run_pod(job, nobody, tmp_path).returncode != 0


def test_the_chart_s_test_passes_on_a_server_that_is_well_and_again(manifests: list[Manifest], server: Semeld, tmp_path: Path) -> None:
    pod = only(manifests, "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        done = run_pod(pod, server, folder, KEY=str(uuid.uuid4()))
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_chart_s_test_fails_where_the_key_was_done_before(manifests: list[Manifest], server: Semeld, tmp_path: Path) -> None:
    pod, key = only(manifests, "Pod"), str(uuid.uuid4())
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    assert run_pod(pod, server, folders[0], KEY=key).returncode == 0
    done = run_pod(pod, server, folders[1], KEY=key)
    assert done.returncode != 0 and "wanted" in done.stdout, done.stdout + done.stderr


def test_the_dockerfile_has_the_ports_and_the_user_of_the_pod(manifests: list[Manifest]) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    exposed = re.search(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)
    ports = [str(port["containerPort"]) for port in container(server_pod(manifests))["ports"]]
    assert exposed and exposed[1].split() == ports
    assert server_pod(manifests)["spec"]["securityContext"]["runAsUser"] == 10001


def test_the_notes_name_objects_that_there_are_and_a_command_that_works(
    manifests: list[Manifest], server: Semeld, tmp_path: Path
) -> None:
    said = notes(WITH_BACKUPS, tmp_path)
    names = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in manifests}
    assert set(re.findall(r"\b(?:service|statefulset|configmap|cronjob)/[a-z0-9-]+", said)) & names
    for name in re.findall(r"\b(?:service|statefulset|configmap|cronjob)/[a-z0-9-]+", said):
        assert name in names
    first = re.search(r"exec semel-0 -- semel (.*)$", said, re.MULTILINE)
    assert first, said
    command = [program("SEMEL_TEST_SEMEL"), *shlex.split(first[1])]
    done = subprocess.run(
        command, env=os.environ | {"SEMEL_ADDRESS": server.address}, text=True, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0 and "acquired" in done.stdout.lower(), done.stdout + done.stderr
