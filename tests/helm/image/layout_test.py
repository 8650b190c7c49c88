"""The files of the image: whose they are, and what is not among them."""

import os
import pathlib
import stat
from collections.abc import Iterator

from dockerfile import Image
from sandbox import Identity, Mount, start

# Every Debian has them for everyone; in a root that is read-only they are of no use to anyone.
FOR_EVERYONE = {"/tmp", "/var/tmp", "/run/lock"}
OF_THE_ENGINE = {"dev", "proc", "sys"}  # mounted over


def files(root: pathlib.Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, names in os.walk(root):
        if pathlib.Path(folder) == root:
            folders[:] = sorted(set(folders) - OF_THE_ENGINE)
        for name in [*folders, *names]:
            path = pathlib.Path(folder) / name
            yield f"/{path.relative_to(root)}", path.lstat()


def writable(found: os.stat_result, user: int, group: int) -> bool:
    if stat.S_ISLNK(found.st_mode):
        return False
    if found.st_uid == user:
        return True  # whatever the mode is, its owner can change it
    return bool(found.st_mode & (stat.S_IWGRP if found.st_gid == group else stat.S_IWOTH))


def test_nothing_is_writable_but_the_volumes(root: pathlib.Path, image: Image) -> None:
    user, group = map(int, image.user.split(":"))
    found = {path for path, about in files(root) if writable(about, user, group)}
    assert found - FOR_EVERYONE == {"/var/lib/semel", "/var/backups/semel"}


def test_nobody_becomes_somebody_else(root: pathlib.Path) -> None:
    programs = [(path, about) for path, about in files(root) if stat.S_ISREG(about.st_mode)]
    assert [path for path, about in programs if about.st_mode & (stat.S_ISUID | stat.S_ISGID)] == []
    assert [path for path, _ in programs if "security.capability" in os.listxattr(root / path.lstrip("/"))] == []


def test_the_data_directory_is_the_users_alone(root: pathlib.Path, image: Image) -> None:
    user, group = map(int, image.user.split(":"))
    for volume in (*image.volumes, "/var/backups/semel"):
        about = (root / volume.lstrip("/")).stat()
        assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (user, group, 0o700), volume
        assert not any((root / volume.lstrip("/")).iterdir())


def test_nothing_is_left_of_the_building(root: pathlib.Path) -> None:
    left = [path for path, _ in files(root) if path.endswith(".deb") or path.startswith("/var/lib/apt/lists/")]
    assert left == []
    for tool in ("gcc", "g++", "cc", "cmake", "git", "python3", "curl", "ssh"):
        assert not (root / "usr/bin" / tool).exists(), f"{tool} is not needed to serve"


def test_it_runs_with_what_it_starts_with_by_itself(root: pathlib.Path, image: Image) -> None:
    """What `docker run` does: the image's own user, directory and arguments, and a volume with what is in the image there."""
    process = start(root, [*image.entrypoint, "--version"], Identity(*map(int, image.user.split(":"))), workdir=image.workdir)
    assert process.wait() == 0, process.output()
    assert image.labels["org.opencontainers.image.version"] in process.output()
    checked = start(root, [*image.entrypoint, *image.command, "--check-config", "/etc/semel/semeld.yaml"],
                    Identity(*map(int, image.user.split(":"))), workdir=image.workdir)
    assert checked.wait() == 0, checked.output()
    assert "listen: 0.0.0.0:7420" in checked.output()


def test_writing_anywhere_else_fails(root: pathlib.Path, image: Image, tmp_path: pathlib.Path) -> None:
    """Also where modes would let it: the root is read-only."""
    tmp_path.chmod(0o777)
    identity = Identity(*map(int, image.user.split(":")))
    places = ["/", "/etc", "/usr/bin", "/tmp", "/var/tmp", "/run/lock", "/var/lib/semel", "/var/backups/semel"]
    script = 'for place; do (: >"$place/x") || continue; echo "written: $place"; done'
    process = start(root, ["/bin/sh", "-c", script, "sh", *places, "/volume"], identity, mounts=[Mount("/volume", tmp_path)])
    assert process.wait() == 0
    said = process.output().splitlines()
    assert [line for line in said if line.startswith("written")] == ["written: /volume"]
    assert sum("Read-only file system" in line for line in said) == len(places), said
