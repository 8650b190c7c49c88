#!/usr/bin/env python3
"""Installs the Debian packages into a clean Debian root, runs them there as the service would, and removes them again.

    package_test.py BUILD_DIR

Needs root (chroot) and Debian's package archive, as apt on this machine is set up to reach it. Exits with 77 where it cannot run.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
EXPOSURE_LIMIT = 20  # tenths: systemd calls up to 2.0 "OK", an unhardened service has 9.6


def run(*command, **options):
    """Output of a command that must succeed."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


class Root:
    """A Debian without Semel, made for this test."""

    def __init__(self, path):
        self.path = path
        run("mmdebstrap", "--quiet", "--variant=apt", "bookworm", path)
        shutil.copy("/etc/resolv.conf", path / "etc/resolv.conf")
        # Nothing may be started while packages are installed: there is no init in here.
        policy = path / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def run(self, *command):
        return run("chroot", self.path, "env", "DEBIAN_FRONTEND=noninteractive", *command)

    def apt(self, *arguments):
        return self.run("apt-get", "-qq", "--no-install-recommends", "-y", *arguments)

    def as_semel(self, *command):
        """Command line that runs as the service's user in its directory, inside the root."""
        return ["chroot", "--userspec=semel:semel", str(self.path), "/usr/bin/env", "-C", "/var/lib/semel", *command]


def check_files(root):
    data = root.path / "var/lib/semel"
    owner = root.run("stat", "-c", "%U:%G %a", "/var/lib/semel").strip()
    expect(owner == "semel:semel 700", f"/var/lib/semel is {owner}")
    expect(list(data.iterdir()) == [], "the data directory is not empty")
    wanted = root.path / "etc/systemd/system/multi-user.target.wants/semeld.service"
    expect(wanted.is_symlink(), "semeld.service is not enabled")
    for man in ("man1/semel.1", "man1/semel-run.1", "man8/semeld.8", "man5/semeld.yaml.5"):
        page = root.path / "usr/share/man" / man
        expect(page.exists() or page.with_name(page.name + ".gz").exists(), f"{page} is missing")
    expect((root.path / "usr/share/bash-completion/completions/semel").exists(), "there is no completion for bash")
    expect((root.path / "usr/share/doc/semel-server/semeld.example.yaml").exists(), "there is no configuration example")


def check_hardening(root):
    if not shutil.which("systemd-analyze"):
        raise AssertionError("systemd-analyze is missing: install the package systemd")
    unit = root.path / "usr/lib/systemd/system/semeld.service"
    print(run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager", unit)
          .strip().splitlines()[-1])


def serve_and_use(root):
    """One key through its life, against the installed server with the installed configuration."""
    root.run("semeld", "--check-config", "/etc/semel/semeld.yaml")
    server = subprocess.Popen(
        root.as_semel("/usr/bin/semeld", "--config", "/etc/semel/semeld.yaml", "--listen", "127.0.0.1:0",
                      "--admin-listen", "127.0.0.1:0"), text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        ready = server.stdout.readline()
        expect("ready" in ready, f"semeld said {ready!r}")
        address = dict(word.split("=") for word in ready.split() if "=" in word)["grpc"]
        client = ["semel", "--address", address, "--namespace", "shop", "--output", "json"]

        def call(verb, *arguments):
            return json.loads(root.run(client[0], verb, *client[1:], *arguments).splitlines()[0])

        token = call("begin", "order/1")["token"]
        call("complete", "order/1", "--token", str(token), "--result", "placed")
        found = call("lookup", "order/1")
        expect("placed" in json.dumps(found), f"the result is not there: {found}")
        ran = root.run("semel", "run", "--address", address, "--namespace", "shop", "--key", "job", "--", "echo", "ran")
        expect(ran.splitlines()[0] == "ran", ran)
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(timeout=60)
    expect(status == 0, f"semeld exited with {status} after SIGTERM")
    print(root.run("semel", "verify", "/var/lib/semel"))


def reinstall_and_purge(root, packages):
    configuration = root.path / "etc/semel/semeld.yaml"
    configuration.write_text(configuration.read_text() + "log:\n  level: debug\n")
    root.apt("--reinstall", "install", *packages)
    expect("level: debug" in configuration.read_text(), "an upgrade changed the operator's configuration")
    root.apt("purge", "semel-server", "semel")
    expect(not (root.path / "usr/bin/semeld").exists(), "semeld is still there")
    expect(not configuration.exists(), "the configuration is still there after a purge")
    expect((root.path / "var/lib/semel/FORMAT").exists(), "a purge removed the records")


def main(build):
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        print("skipped: a clean root takes root and mmdebstrap")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="semel-package-") as scratch:
        scratch = pathlib.Path(scratch)
        run("cpack", "--config", f"{build}/CPackConfig.cmake", "-B", scratch / "cpack")
        root = Root(scratch / "root")
        debs = sorted((scratch / "cpack").glob("*.deb"))
        inside = root.path / "packages"
        inside.mkdir()
        for deb in debs:
            shutil.copy(deb, inside)
        packages = [f"/packages/{deb.name}" for deb in debs if not deb.name.startswith("libsemel-dev")]
        expect(len(debs) == 3 and len(packages) == 2, f"packages: {[deb.name for deb in debs]}")
        root.apt("update")
        root.apt("install", *packages)
        check_files(root)
        check_hardening(root)
        serve_and_use(root)
        reinstall_and_purge(root, packages)
    print("installed, used and removed:", ", ".join(deb.name for deb in debs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
