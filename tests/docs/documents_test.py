#!/usr/bin/env python3
"""Runs every command that the documents show, as a reader would type it, and compares what is printed with what they show.

    documents_test.py REPOSITORY BUILD_DIR DOCUMENT...

Blocks fenced as `sh` are commands that must succeed (or end as their comment `# exit N` says); blocks fenced as `console` show
`$ command` and its output; blocks fenced as `yaml` must be configurations that semeld takes. A document that starts no server finds
one on the default port. All of it happens in a network of its own, where that port is free. `<!-- run by FILE -->` above a block
names the test that runs it instead. Programs that documents show and nobody needs here have stand-ins, in stand-ins/. Links to
files must lead somewhere. Exits with 77 where there can be no network namespace.
"""

import ctypes
import fcntl
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import fenced_blocks
import same_output
from reader import Reader

SKIPPED = 77
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def enter_own_network():
    """Ports 7420 and 7421 are free here, whatever runs on this machine."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    return True


def check_step(reader, step, tokens):
    """What is wrong with a step; None where nothing is. `tokens`: those of the document, as they are in this run."""
    command = re.sub(r"\d{12,}", lambda number: tokens.get(number.group(), number.group()), step.command)
    status, printed = reader.run(command)
    said = "\n".join("    " + line for line in printed)
    if step.shown is not None:
        tokens.update(same_output.tokens(step.shown, printed))
        if same_output.same(step.shown, printed):
            return None
        shown = "\n".join("    " + line for line in step.shown)
        return f"`{step.command}` should print\n{shown}\n  and printed (exit {status})\n{said}"
    wanted = re.search(r"# exits? (?:with )?(\d+)", step.command)
    if status == (int(wanted.group(1)) if wanted else 0):
        return None
    return f"`{step.command}` exited with {status}:\n{said}"


def check_yaml(build, block, scratch):
    path = scratch / "block.yaml"
    path.write_text("\n".join(block.lines) + "\n")
    done = subprocess.run([build / "server/semeld", "--check-config", path], text=True, capture_output=True)
    return None if done.returncode == 0 else f"semeld refuses this configuration:\n{done.stdout}{done.stderr}"


def check_block(repository, build, reader, block, tokens):
    if block.elsewhere:
        missing = not (repository / block.elsewhere).exists()
        return [f"there is no {block.elsewhere} to run this block"] if missing else []
    if block.language == "yaml":
        problem = check_yaml(build, block, reader.scratch)
        return [f"line {block.line}: {problem}"] if problem else []
    if block.language not in ("sh", "bash", "console"):
        return [f"line {block.line}: fence it as console" for line in block.lines if line.startswith("$ ")]
    problems = []
    for step in fenced_blocks.steps_of(block):
        if not reader.serves() and re.search(r"\bsemel (?!verify|restore|backups|completion)", step.command):
            reader.serve("semeld --data-dir served --listen 127.0.0.1:7420 --admin-listen 127.0.0.1:7421")
        problem = check_step(reader, step, tokens)
        if problem:
            problems.append(f"line {step.line}: {problem}")
    return problems


def check_links(repository, document):
    text = re.sub(r"^\s*```.*?^\s*```$", "", (repository / document).read_text(), flags=re.S | re.M)
    targets = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", text)
    return [f"there is no {target}" for target in targets if not ((repository / document).parent / target).exists()]


def check_document(repository, build, document):
    blocks = fenced_blocks.blocks_of((repository / document).read_text())
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="semel-docs-"))
    reader = Reader(repository, build, scratch)
    problems, tokens = check_links(repository, document), {}
    for block in blocks:
        problems += check_block(repository, build, reader, block, tokens)
    if status := reader.close():
        problems.append(f"the server exited with {status}")
    return problems


def main(repository, build, *documents):
    if not enter_own_network():
        print("skipped: no network namespace can be made here")
        return SKIPPED

    def too_long(*_):
        raise TimeoutError("a command did not end")

    signal.signal(signal.SIGALRM, too_long)
    failed = False
    for document in documents:
        problems = check_document(pathlib.Path(repository).resolve(), pathlib.Path(build).resolve(), document)
        print(f"{document}: {'wrong' if problems else 'true'}")
        for problem in problems:
            failed = True
            print(f"  {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
