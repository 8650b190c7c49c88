"""The files of the image, made as the Dockerfile says, without a container engine.

The base is Debian as mmdebstrap makes it, without what the slim images leave out; the programs are the Debian packages that
`./dev package` makes of the same build.
"""

import fnmatch
import pathlib
import shutil
import subprocess

from dockerfile import Copy, Image, NotUnderstood
from sandbox import Mount, start

PACKAGE_FOLDER = "/src/build/release/packages/"  # of the stage that builds
LEFT_OUT = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/groff/*",
            "/usr/share/lintian/*", "/usr/share/linda/*"]
_BUILDING_TAKES = 900.0  # seconds, at most: packages are downloaded


def run(*command: str | pathlib.Path) -> str:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=_BUILDING_TAKES)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def make_packages(build: pathlib.Path, folder: pathlib.Path) -> None:
    """All packages, so that it is the Dockerfile that chooses among them."""
    run("cpack", "--config", build / "CPackConfig.cmake", "-B", folder)


def make_base(name: str, root: pathlib.Path) -> None:
    if name != "debian:12-slim":
        raise NotUnderstood(f"the base {name}")
    options = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT] + ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    run("mmdebstrap", "--quiet", "--variant=minbase", *options, "bookworm", root)


def copy(root: pathlib.Path, step: Copy, packages: pathlib.Path) -> None:
    for source in step.sources:
        if step.stage != "build" or not source.startswith(PACKAGE_FOLDER):
            raise NotUnderstood(f"COPY of {source} from {step.stage}")
        found = fnmatch.filter((path.name for path in packages.iterdir()), source.removeprefix(PACKAGE_FOLDER))
        if not found:
            raise AssertionError(f"no package is called {source}: {sorted(path.name for path in packages.iterdir())}")
        for name in found:
            shutil.copy(packages / name, root / step.destination.lstrip("/") / name)


def run_step(root: pathlib.Path, script: str) -> None:
    """As root with a network, in a root that may be written: what an engine's build does for RUN."""
    names = Mount("/etc/resolv.conf", pathlib.Path("/etc/resolv.conf").resolve(), read_only=True)
    process = start(root, ["/bin/sh", "-c", script], mounts=[names], writable=True)
    status = process.wait(_BUILDING_TAKES)
    if status != 0:
        raise AssertionError(f"RUN {script} exited with {status}:\n{process.output()}")


def make_root(image: Image, packages: pathlib.Path, root: pathlib.Path) -> None:
    make_base(image.base, root)
    for step in image.steps:
        if isinstance(step, Copy):
            copy(root, step, packages)
        else:
            run_step(root, step.script)
    workdir = root / image.workdir.lstrip("/")
    workdir.mkdir(parents=True, exist_ok=True)
