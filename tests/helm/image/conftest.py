"""The image's files and the chart's pods, for the tests of this room.

Needs root, mmdebstrap, bubblewrap and helm, and SEMEL_TEST_BUILD: a build folder whose target `installed` was built.
"""

import os
import pathlib
import tempfile
from collections.abc import Iterator

import dockerfile
import pytest
from image_root import make_packages, make_root

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def image() -> dockerfile.Image:
    return dockerfile.last_stage((REPOSITORY / "Dockerfile").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def root(image: dockerfile.Image) -> Iterator[pathlib.Path]:
    """Made once, which takes a minute."""
    build = pathlib.Path(os.environ["SEMEL_TEST_BUILD"])
    with tempfile.TemporaryDirectory(prefix="semel-image-") as scratch:
        folder = pathlib.Path(scratch)
        folder.chmod(0o755)
        make_packages(build, folder / "packages")
        make_root(image, folder / "packages", folder / "root")
        yield folder / "root"
