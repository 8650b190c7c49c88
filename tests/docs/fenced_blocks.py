"""Finds what a Markdown document asks its reader to type."""

import dataclasses
import re
import subprocess

FENCE = re.compile(r"^\s*```(\S*)\s*$")
ELSEWHERE = re.compile(r"^<!-- run by (\S+) -->$")


@dataclasses.dataclass
class Block:
    """A fenced block. `line` is where its text begins; `elsewhere` names the test that runs it instead."""

    language: str
    line: int
    lines: list
    elsewhere: str | None


@dataclasses.dataclass
class Step:
    """One command, and the output that the document shows for it (None: it shows none)."""

    line: int
    command: str
    shown: list | None


def blocks_of(text):
    found, inside, previous = [], None, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if inside is not None and fence:
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.lines.append(line)
        elif fence:
            elsewhere = ELSEWHERE.match(previous.strip())
            inside = Block(fence.group(1), number + 1, [], elsewhere and elsewhere.group(1))
        if line.strip():
            previous = line
    return found


def is_complete(command):
    """Whether bash would run it, rather than wait for another line of it."""
    check = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
    return not command.rstrip(" ").endswith("\\") and "here-document" not in check.stderr and check.returncode == 0


def script_steps(block):
    """Of a block in `sh`: commands, without output."""
    steps, begun, at = [], "", block.line
    for number, line in enumerate(block.lines, block.line):
        if not begun:
            at = number
        begun += line + "\n"
        if not begun.strip() or begun.strip().startswith("#") and "\n" not in begun.strip():
            begun = ""
        elif is_complete(begun.rstrip("\n")):
            steps.append(Step(at, begun.strip("\n"), None))
            begun = ""
    if begun.strip():
        raise ValueError(f"line {at}: this command does not end: {begun.strip()}")
    return steps


def console_steps(block):
    """Of a block in `console`: commands after `$ ` (and `> ` where they go on), each with what it prints."""
    steps = []
    for number, line in enumerate(block.lines, block.line):
        if line.startswith("$ "):
            steps.append(Step(number, line[2:], []))
        elif steps and not steps[-1].shown and not is_complete(steps[-1].command) and line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        elif steps:
            steps[-1].shown.append(line)
        else:
            raise ValueError(f"line {number}: output before the first command")
    return steps


def steps_of(block):
    return script_steps(block) if block.language in ("sh", "bash") else console_steps(block)
