"""What the last stage of a Dockerfile does, for those who do it without a container engine.

Only what the Dockerfile of this repository needs is understood. Everything else is refused, rather than passed over: a test of the
image's files must not go on with other files than the image has.
"""

import dataclasses
import json
import re
import shlex


class NotUnderstood(Exception):
    """The Dockerfile says something that this reader cannot do."""


@dataclasses.dataclass(frozen=True)
class Copy:
    stage: str
    sources: list[str]
    destination: str


@dataclasses.dataclass(frozen=True)
class Run:
    script: str


@dataclasses.dataclass
class Image:
    """What is done to the base, in order, and how the result is started."""

    base: str
    steps: list[Copy | Run] = dataclasses.field(default_factory=list)
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    volumes: list[str] = dataclasses.field(default_factory=list)
    ports: list[int] = dataclasses.field(default_factory=list)
    stop_signal: str = "SIGTERM"
    entrypoint: list[str] = dataclasses.field(default_factory=list)
    command: list[str] = dataclasses.field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Pairs of instruction and arguments, continued lines joined as a shell would, comments left out."""
    whole: list[str] = []
    continued = False
    for line in text.splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        if continued:
            whole[-1] = whole[-1][:-1] + line.strip()
        else:
            whole.append(line.strip())
        continued = whole[-1].endswith("\\")
    if continued:
        raise NotUnderstood(f"the last line is continued: {whole[-1]}")
    pairs = [line.partition(" ") for line in whole]
    return [(word, rest.strip()) for word, _, rest in pairs]


def words_of(instruction: str, rest: str) -> list[str]:
    if "$" in rest:
        raise NotUnderstood(f"a variable in {instruction} {rest}")
    return shlex.split(rest)


def list_of(instruction: str, rest: str) -> list[str]:
    """The form with brackets; the other one would be run by a shell."""
    try:
        words = json.loads(rest)
    except json.JSONDecodeError as problem:
        raise NotUnderstood(f"{instruction} {rest}: {problem}") from problem
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise NotUnderstood(f"{instruction} {rest} is no list of strings")
    return words


def add_copy(image: Image, rest: str) -> None:
    match = re.fullmatch(r"--from=([a-z]+) ([^-].*)", rest)
    if not match:
        raise NotUnderstood(f"COPY {rest}: only what comes from another stage, without further options")
    *sources, destination = words_of("COPY", match[2])
    if not sources or not destination.endswith("/"):
        raise NotUnderstood(f"COPY {rest}: into a folder only")
    image.steps.append(Copy(match[1], sources, destination))


def add_run(image: Image, rest: str) -> None:
    if image.user or image.volumes:
        raise NotUnderstood(f"RUN {rest} after USER or VOLUME")
    if rest.startswith(("--", "[")) or "<<" in rest:
        raise NotUnderstood(f"RUN {rest}: only a plain command of the shell")
    image.steps.append(Run(rest))


def apply(image: Image, instruction: str, rest: str) -> None:
    match instruction:
        case "COPY":
            add_copy(image, rest)
        case "RUN":
            add_run(image, rest)
        case "LABEL":
            image.labels.update(word.split("=", 1) for word in words_of(instruction, rest))
        case "USER":
            [image.user] = words_of(instruction, rest)
        case "WORKDIR":
            [image.workdir] = words_of(instruction, rest)
        case "VOLUME":
            image.volumes += words_of(instruction, rest)
        case "EXPOSE":
            image.ports += map(int, words_of(instruction, rest))
        case "STOPSIGNAL":
            [image.stop_signal] = words_of(instruction, rest)
        case "ENTRYPOINT":
            image.entrypoint = list_of(instruction, rest)
        case "CMD":
            image.command = list_of(instruction, rest)
        case _:
            raise NotUnderstood(f"{instruction} {rest}")


def last_stage(text: str) -> Image:
    all_of_them = instructions(text)
    starts = [place for place, (instruction, _) in enumerate(all_of_them) if instruction == "FROM"]
    if not starts:
        raise NotUnderstood("there is no FROM")
    [base] = words_of("FROM", all_of_them[starts[-1]][1])
    image = Image(base)
    for instruction, rest in all_of_them[starts[-1] + 1 :]:
        apply(image, instruction, rest)
    return image
