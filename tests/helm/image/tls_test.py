"""The pods of a release with certificates: everybody finds what is mounted, and may read it."""

import pathlib

import pytest
from certificates import Authority, Secret
from installation import HASTY, Install
from node import Pod
from release import Release

EXPIRY = "semel_tls_certificate_expiry_timestamp_seconds"


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path / "authority")


def secrets(release: Release, authority: Authority) -> dict[str, Secret]:
    """What cert-manager would issue for the chart's Certificates; and what an administrator would bring for ci/mutual-tls-values.yaml."""
    made = {certificate["spec"]["secretName"]: authority.issue(certificate["spec"]["dnsNames"])
            for certificate in release.all("Certificate")}
    if made:
        return made
    server = authority.issue(["semel.example.com"])
    return {"semel-certificate": server | {"clients-ca.crt": server["ca.crt"]}, "semel-caller": authority.issue(["caller"])}


def expiry(server: Pod) -> float:
    [line] = [line for line in server.get("/metrics", "admin")[1].splitlines() if line.startswith(f"{EXPIRY} ")]
    return float(line.split()[1])


@pytest.mark.parametrize("values", ["tls-cert-manager", "mutual-tls", "everything"])
def test_every_pod_finds_its_certificates(install: Install, authority: Authority, values: str) -> None:
    with install(values, HASTY) as installed:
        installed.node.volumes.secrets |= secrets(installed.release, authority)
        with installed.serving() as server:
            installed.run_all()
            assert server.end() == 0, server.process.output()


def test_a_renewed_certificate_is_served_without_a_restart(install: Install, authority: Authority) -> None:
    with install("tls-cert-manager", HASTY) as installed:
        [certificate] = installed.release.all("Certificate")
        name = certificate["spec"]["secretName"]
        installed.node.volumes.secrets[name] = authority.issue(certificate["spec"]["dnsNames"], days=2)
        with installed.serving() as server:
            before = expiry(server)
            installed.node.volumes.renew(name, authority.issue(certificate["spec"]["dnsNames"], days=9))
            server.eventually(lambda: round((expiry(server) - before) / 86400) == 7, "the new certificate is in force")
            installed.run_all()


def test_a_caller_with_a_strangers_certificate_is_turned_away(install: Install, authority: Authority) -> None:
    with install("mutual-tls", HASTY) as installed:
        installed.node.volumes.secrets |= secrets(installed.release, authority)
        with installed.serving():
            installed.run_all()
            stranger = Authority(authority.folder / "stranger").issue(["caller"])
            known = installed.node.volumes.secrets["semel-caller"]
            installed.node.volumes.secrets["semel-caller"] = stranger | {"ca.crt": known["ca.crt"]}
            [test] = installed.release.tests
            status, said = installed.node.run(test)
            assert status == 1, said
