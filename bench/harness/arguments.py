"""The options that several parts share, and what may stand behind an option. What it may not be is told before anything starts."""

import argparse
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_IN_FLIGHT = 65536  # the generators hold no more
LONGEST_S = 7 * 86400


def whole(least, most):
    """The type of an option that is a whole number; 1e6 is one."""
    return lambda text: int(checked(text, least, most, "whole number"))


def amount(least, most=LONGEST_S):
    """The type of an option that is any number, of seconds for example."""
    return lambda text: checked(text, least, most, "number")


def counts(most):
    """The type of an option that takes several: "64,256"."""
    return lambda text: [whole(1, most)(each) for each in text.split(",")]


def checked(text, least, most, kind):
    try:
        value = float(text)
    except ValueError:
        value = None
    # Not a number is in no range.
    if value is None or not least <= value <= most or (kind == "whole number" and value != int(value)):
        raise argparse.ArgumentTypeError(f"{text}: must be a {kind} from {least:,} to {most:,}")
    return value


def folder(text):
    if not pathlib.Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder")
    return pathlib.Path(text)


def declare(parser, rounds=5, seconds=4.0):
    """The options that mean the same in every part."""
    parser.add_argument("--rounds", type=whole(1, 10_000), default=rounds, help=f"times that everything is measured in turn (default {rounds})")
    parser.add_argument("--seconds", type=amount(0.1), default=seconds, help=f"measured seconds of each run (default {seconds:g})")
    parser.add_argument("--warm-up", type=amount(0), default=0.5, help="seconds before them (default 0.5)")
    parser.add_argument("--semeld-flag", action="append", default=[], metavar="FLAG", help="handed to semeld, may be repeated")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    declare_places(parser)


def declare_places(parser):
    parser.add_argument("--build", type=folder, default=ROOT / "build/release", help="where the binaries are")
    parser.add_argument("--data", type=pathlib.Path, default=data_folder(), help="where data directories are made, and removed; must be "
                        f"a real disk that the user postgres may reach (default {data_folder()})")


def data_folder():
    """In the checkout; but where root keeps that to itself, PostgreSQL's user could not reach it."""
    return ROOT / "build/bench-data" if os.getuid() != 0 or open_to_all(ROOT) else pathlib.Path("/var/tmp/semel-bench")


def open_to_all(path):
    """Whether every user may pass through it."""
    return all(each.stat().st_mode & 0o001 for each in [path, *path.parents])
