"""What the documents tell operators to type in a cluster: it cannot be run here, but every name in it can be looked up."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import chart
import fenced
from fenced import Command

DOCUMENTS = [fenced.REPOSITORY / "README.md", *sorted((fenced.REPOSITORY / "docs").glob("*.md"))]
PATIENCE = 30.0

# Of kubectl, what the documents use: verb, and the flags that it has there.
KUBECTL = {
    "annotate": {"--overwrite"},
    "apply": {"-f"},
    "create": {"--from"},
    "delete": {"--cascade"},
    "describe": set(),
    "drain": set(),
    "exec": {"-c"},
    "get": {"-o", "--watch", "--sort-by"},
    "label": {"--overwrite"},
    "logs": {"--previous", "--tail", "--since", "-f"},
    "patch": {"--type", "-p"},
    "port-forward": set(),
    "rollout": {"--timeout"},
    "scale": {"--replicas"},
    "taint": set(),
    "top": set(),
    "wait": {"--for", "--timeout"},
}
WITH_VALUE = {"-n", "-f", "-o", "-c", "-p", "--type", "--since"}
SINGULAR = {"pods": "pod", "po": "pod", "jobs": "job", "nodes": "node", "events": "event", "svc": "service", "sts": "statefulset"}
ELSEWHERE = {"namespace", "node", "pv", "event"}  # kinds that are not the chart's


def typed() -> list[Command]:
    """Commands of blocks, and what stands in the text as one."""
    found = []
    for document in DOCUMENTS:
        found += fenced.commands_of(document)
        text = re.sub(r"^\s*```.*?^\s*```$", lambda block: "\n" * block[0].count("\n"), document.read_text(), flags=re.M | re.S)
        for span in re.finditer(r"`((?:kubectl|helm|semel|semeld) [^`]+)`", text):
            found.append(Command(document.name, text.count("\n", 0, span.start()) + 1, span[1].replace("\n", " ")))
    return found


def of(program: str) -> list[Any]:
    """Commands of one program, also where they are run in a pod."""
    commands = []
    for command in typed():
        for part in re.split(r"\s(?:--|\|\||&&|\||;)\s", command.text) if program.startswith("semel") else [command.text]:
            if re.match(rf"(\w+=\S+ )*{program}\s", part.strip()):
                one = Command(command.document, command.line, part.strip())
                commands.append(pytest.param(one, id=f"{one.document}:{one.line}-{len(commands)}"))
    assert commands, f"the documents show no {program}"
    return commands


def options_and_rest(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options, rest, waiting = {}, [], None
    for word in words:
        if waiting:
            options[waiting], waiting = word, None
        elif word.startswith("-") and word != "-":
            name, _, value = word.partition("=")
            options[name] = value
            waiting = name if name in WITH_VALUE and not value else None
        else:
            rest.append(word)
    return options, rest


@cache
def objects_of_documents() -> frozenset[tuple[str, str]]:
    """What the documents themselves make: the objects of their YAML, and of `kubectl create`."""
    made = set()
    for document in DOCUMENTS:
        for block in fenced.blocks(document, ("yaml",)):
            for found in yaml.safe_load_all("\n".join(block.lines)):
                if isinstance(found, dict) and "kind" in found:
                    made.add((chart.KINDS[found["kind"]], found["metadata"]["name"]))
        for command in fenced.commands_of(document):
            create = re.match(r"kubectl (?:-n semel )?create (\w+) (\S+)", command.text)
            if create:
                made.add((create[1], create[2]))
    return frozenset(made)


def named_objects(rest: list[str], verb: str) -> list[tuple[str, str]]:
    words = rest[1:] if verb == "rollout" else rest
    slashed = [tuple(word.split("/", 1)) for word in words if re.fullmatch(r"[a-z]+/[a-z0-9-]+", word)]
    if slashed:
        return [(SINGULAR.get(kind, kind), name) for kind, name in slashed]
    if verb in ("exec", "logs"):
        return [("pod", words[0])]
    if len(words) > 1 and verb != "wait":
        return [(SINGULAR.get(words[0], words[0]), words[1])]
    return []


@pytest.mark.parametrize("command", of("kubectl"))
def test_kubectl(command: Command) -> None:
    words = shlex.split(re.split(r" --( |$)", command.text)[0])
    options, (verb, *rest) = options_and_rest(words[1:])
    assert verb in KUBECTL, f"{verb} is not looked up here"
    if not rest:
        return  # no more than mentioned
    if verb in ("taint", "label") or rest[:1] in (["pv"], ["node"], ["namespace"]) or "taint" in words:
        assert set(options) <= {"-n", "--type", "-p"}
    elif "--force" not in options:
        assert options.get("-n") == "semel", "say the namespace"
    unknown = set(options) - {"-n"} - KUBECTL[verb]
    if unknown == {"--force"}:
        assert "ever" in context(command), "only to be warned of"
    else:
        assert not unknown, f"kubectl {verb} has no {unknown}"
    for kind, name in named_objects(rest, verb):
        if kind not in ELSEWHERE:
            assert (kind, name) in chart.names() | objects_of_documents(), f"there is no {kind}/{name}"
    if "--from" in options:
        assert tuple(options["--from"].split("/")) in chart.names()


def context(command: Command) -> str:
    (document,) = [path for path in DOCUMENTS if path.name == command.document]
    lines = document.read_text().splitlines()
    return "\n".join(lines[max(0, command.line - 3) : command.line + 2])


@pytest.mark.parametrize("command", of("helm"))
def test_helm(command: Command) -> None:
    words = shlex.split(command.text)
    verb = words[1]
    help_text = subprocess.run(["helm", verb, "--help"], text=True, capture_output=True, timeout=PATIENCE)
    assert help_text.returncode == 0 and f"helm {verb}" in help_text.stdout, f"helm has no {verb}"
    for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", command.text):
        assert re.search(rf"(^|[\s,]){option}(?![\w-])", help_text.stdout), f"helm {verb} has no {option}"
    rest = [word for word in words[2:] if not word.startswith("-")]
    if rest:
        assert rest[0] == "semel", "the documents' release"
    if verb in ("install", "upgrade") and rest:
        assert (fenced.REPOSITORY / rest[1] / "Chart.yaml").exists()
        sets = [part for at, word in enumerate(words) if word in ("--set", "--set-json") for part in (word, words[at + 1])]
        for assignment in sets[1::2]:
            assert known_value(assignment.partition("=")[0]), f"the chart has no value {assignment}"
        chart.render(*sets)  # which the schema has to take


def known_value(path: str) -> bool:
    at: Any = chart.values()
    for part in path.split("."):
        if at == {}:
            return True
        if not isinstance(at, dict) or part not in at:
            return False
        at = at[part]
    return True


@cache
def help_of(program: str, verb: str) -> str:
    words = [program, *([verb] if verb else []), "--help"]
    done = subprocess.run(words, text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def options_in(command: Command) -> list[str]:
    return re.findall(r"(?<=\s)--[a-z][a-z-]*|(?<=\s)-[a-z](?=\s|$)", re.sub(r"'[^']*'|\"[^\"]*\"", "''", command.text))


@pytest.mark.parametrize("command", of("semel"))
def test_semel(command: Command, semel_program: str) -> None:
    words = re.sub(r"^(\w+=\S+ )*", "", command.text).split()
    verb = "" if words[1].startswith("-") or words[1] == "COMMAND" else words[1]
    text = help_of(semel_program, verb)
    for option in options_in(command):
        assert re.search(rf"(^|[\s,]){option}(?![\w-])", text), f"semel {verb} has no {option}"


@pytest.mark.parametrize("command", of("semeld"))
def test_semeld(command: Command) -> None:
    import semeld

    text = help_of(str(semeld.binary()), "")
    for option in options_in(command):
        assert re.search(rf"(^|[\s,]){option}(?![\w-])", text), f"semeld has no {option}"


def test_the_rescue_pod_fits_the_chart() -> None:
    (block,) = fenced.blocks(fenced.REPOSITORY / "docs/backup.md", ("yaml",))
    pod = yaml.safe_load("\n".join(block.lines))
    server = chart.the("StatefulSet")["spec"]["template"]["spec"]
    (container,), (served,) = pod["spec"]["containers"], server["containers"]
    assert container["image"] == served["image"]
    assert container["securityContext"] == served["securityContext"]
    here, there = pod["spec"]["securityContext"], server["securityContext"]
    assert here == {name: value for name, value in there.items() if name != "fsGroupChangePolicy"}
    claims = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"]["volumes"]}
    assert {("pvc", name) for name in claims.values()} <= chart.names()
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {mount["name"]: mount["mountPath"] for mount in served["volumeMounts"] if mount["name"] in claims}


def test_the_paths_are_those_of_the_server_in_the_pod() -> None:
    told = chart.configuration()
    text = "\n".join(
        command.text for command in typed() if "semel-rescue" in command.text or "semel-0 -- semel backups" in command.text
    )
    assert set(re.findall(r"semel verify (\S+)", text)) == {told["data_dir"], "/var/lib/semel/restored", "/moved/data"}
    assert set(re.findall(r"(?:--from|semel backups) (\S+)", text)) == {told["backup"]["directory"]}


def test_the_tolerations_are_taken(tmp_path: Path) -> None:
    for number, block in enumerate(fenced.blocks(fenced.REPOSITORY / "docs/kubernetes.md", ("yaml",))):
        path = tmp_path / f"{number}.yaml"
        path.write_text("\n".join(block.lines))
        rendered = next(found for found in chart.render("-f", str(path)) if found["kind"] == "StatefulSet")
        assert rendered["spec"]["template"]["spec"]["tolerations"] == yaml.safe_load(path.read_text())["tolerations"]
        for one in rendered["spec"]["template"]["spec"]["tolerations"]:
            assert set(one) == {"key", "operator", "effect", "tolerationSeconds"}  # the API server drops what it does not know
            assert (one["operator"], one["effect"]) == ("Exists", "NoExecute")
            assert re.fullmatch(r"node\.kubernetes\.io/(unreachable|not-ready)", one["key"])
