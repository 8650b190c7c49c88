"""The image's files and the chart's pods, for the tests of this room.

Needs root, mmdebstrap, bubblewrap and helm, and SEMEL_TEST_BUILD: a build folder whose target `installed` was built.
"""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator

import dockerfile
import pytest
from chart import Values
from image_root import make_packages, make_root
from installation import Install, Installed
from release import Release
from sandbox import Network

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


@pytest.fixture
def install(image: dockerfile.Image, root: pathlib.Path, tmp_path: pathlib.Path) -> Install:
    # Volumes and files are found by a user that is not root.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)

    @contextlib.contextmanager
    def installed(values: str, settings: Values | None = None) -> Iterator[Installed]:
        release = Release.render(values, settings or {})
        with Network(root, release.service_names()) as network:
            yield Installed(image, root, release, tmp_path / "volumes", network)

    return installed
