"""The C++ in client/cpp/README.md is that of the examples, which are built and run.

    readme_test.py [--fix]

A block of C++ stands below a line <!-- examples/FILE [TAG] --> and is the part of that file between its two lines // [TAG].
"""

import pathlib
import re
import sys
import textwrap

folder = pathlib.Path(__file__).parents[2] / "client/cpp"
readme = folder / "README.md"
BLOCK = re.compile(r"(?P<source><!-- (?P<file>examples/\w+\.cc) \[(?P<tag>\w+)\] -->\n)?```cpp\n(?P<code>.*?)```\n", re.DOTALL)


def part(file, tag):
    pieces = re.split(rf"^[ ]*// \[{tag}\]\n", (folder / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    if len(pieces) != 3:
        sys.exit(f"{file} has {len(pieces) - 1} lines // [{tag}], not two")
    return textwrap.dedent(pieces[1])


def as_it_should_be(block):
    if not block["source"]:
        sys.exit(f"a block of C++ in {readme} does not say which example it is from:\n{block['code']}")
    return f"{block['source']}```cpp\n{part(block['file'], block['tag'])}```\n"


text = readme.read_text(encoding="utf-8")
expected, blocks = BLOCK.subn(as_it_should_be, text)
if blocks < 5:
    sys.exit(f"only {blocks} blocks of C++ in {readme}")
if "--fix" in sys.argv:
    readme.write_text(expected, encoding="utf-8")
elif text != expected:
    sys.exit(f"{readme} is not what the examples say: run {sys.argv[0]} --fix")
