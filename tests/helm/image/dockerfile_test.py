"""What the Dockerfile says about the image, and that its reader passes over nothing."""

import pathlib
import re

import dockerfile
import pytest
from dockerfile import Copy, Image, NotUnderstood, Run, last_stage

USER = 10001


def test_the_user_is_a_number_that_is_not_root(image: Image) -> None:
    """runAsNonRoot cannot tell from a name who it is, and refuses the image."""
    assert image.user == f"{USER}:{USER}"


def test_process_1_is_the_server_itself(image: Image) -> None:
    """A shell in between would keep the signal that ends it to itself."""
    assert image.entrypoint == ["/usr/bin/semeld"]
    assert image.stop_signal == "SIGTERM"
    assert image.volumes == [image.workdir] == ["/var/lib/semel"]
    assert image.ports == [7420, 7421]


def test_the_labels_say_what_it_is(repository: pathlib.Path, image: Image) -> None:
    version = re.search(r"project\(semel VERSION (\S+)", (repository / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert version and image.labels["org.opencontainers.image.version"] == version[1]
    assert image.labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_stages_before_the_last_one_leave_nothing() -> None:
    image = last_stage("FROM a AS build\nUSER root\nRUN make\nFROM b\n# a comment\nRUN x \\\n  # and another\n  && y\nUSER 1:1\n")
    assert image == Image("b", steps=[Run("x && y")], user="1:1")


def test_files_of_another_stage() -> None:
    image = last_stage("FROM b\nCOPY --from=build /a /b /c/\n")
    assert image.steps == [Copy("build", ["/a", "/b"], "/c/")]


@pytest.mark.parametrize("line", [
    "ADD --from=build /a /b/",
    "COPY . .",
    "COPY --from=build --chown=1:1 /a /b/",
    "COPY --from=build /a /b",
    "COPY --from=build $FILES /b/",
    "ENTRYPOINT semeld",
    'CMD {"a": 1}',
    "ENV LD_PRELOAD=x",
    "ARG VERSION",
    "HEALTHCHECK CMD true",
    "ONBUILD RUN true",
    'SHELL ["/bin/bash"]',
    "run true",
    "RUN --mount=type=cache,target=/x true",
    "RUN <<EOF",
    "USER 1:1\nRUN true",
    "VOLUME /a\nRUN true",
    "USER $USER",
    "USER a b",
    "STOPSIGNAL SIGTERM \\",
])
def test_what_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises((NotUnderstood, ValueError)):
        last_stage(f"FROM b\n{line}\n")


def test_what_comes_before_the_first_stage_is_nothing() -> None:
    with pytest.raises(NotUnderstood):
        dockerfile.last_stage("ARG VERSION=1\n")
