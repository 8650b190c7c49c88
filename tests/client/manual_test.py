#!/usr/bin/env python3
"""Checks the manual pages: complete, and typeset without a warning.

    python3 manual_test.py SEMEL DIRECTORY
"""

import pathlib
import re
import subprocess
import sys


def output_of(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def commands_of(semel):
    """Those that semel --help names."""
    _, text, _ = output_of(semel, "--help")
    words = re.search(r"Usage.*?(?=\nA first conversation)", text, re.DOTALL).group(0)
    return re.findall(r"^  ([a-z]+) {2,}\S", words, re.MULTILINE)


def problems_of(page):
    code, found, errors = output_of("mandoc", "-Tlint", "-W", "warning", str(page))
    if code or found or errors:
        yield f"mandoc: {found}{errors}"
    code, text, errors = output_of("man", "--warnings", "--encoding=UTF-8", "-l", str(page))
    if code or errors:
        yield f"man: {errors}"
    for heading in ("NAME", "SEE ALSO"):
        if heading not in text:
            yield f"{page}: no {heading}"


def main():
    semel, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    names = commands_of(semel)
    wanted = {f"man1/semel-{name}.1" for name in names} | {"man1/semel.1", "man5/semeld.yaml.5", "man8/semeld.8"}
    made = {str(page.relative_to(directory)) for page in directory.glob("man*/*")}
    problems = []
    if len(names) < 12:
        problems.append(f"semel --help names only {names}")
    if wanted != made:
        problems.append(f"missing {sorted(wanted - made)}, unexpected {sorted(made - wanted)}")
    for page in sorted(directory.glob("man*/*")):
        problems += problems_of(page)
    for page, text in (("man1/semel-list.1", "in_doubt"), ("man8/semeld.8", "config"), ("man5/semeld.yaml.5", "lease_default")):
        if text not in (directory / page).read_text(encoding="utf-8"):
            problems.append(f"{page} does not mention {text}")
    print("\n".join(problems) or f"{len(made)} pages are sound")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
