"""Every pod passes Kubernetes' Pod Security Standard `restricted`: its controls as a table, from the standard's published text."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chart import CI_FILES, Manifest, pods, rendered, values_of

Control = Callable[[Manifest], Iterator[str]]

ALLOWED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
ALLOWED_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
ALLOWED_SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
ALLOWED_SECCOMP = {"RuntimeDefault", "Localhost"}


def containers(spec: Manifest) -> list[Manifest]:
    return [each for key in ("initContainers", "containers", "ephemeralContainers") for each in spec.get(key, [])]


def contexts(spec: Manifest) -> list[Manifest]:
    return [spec.get("securityContext") or {}, *(each.get("securityContext") or {} for each in containers(spec))]


def host_namespaces(spec: Manifest) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key


def host_processes(spec: Manifest) -> Iterator[str]:
    for context in contexts(spec):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield "windowsOptions.hostProcess"


def privileged(spec: Manifest) -> Iterator[str]:
    for context in contexts(spec):
        if context.get("privileged"):
            yield "privileged"


def capabilities(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        held = (container.get("securityContext") or {}).get("capabilities") or {}
        if "ALL" not in held.get("drop", []):
            yield f"{container['name']} does not drop ALL"
        if set(held.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{container['name']} adds {held['add']}"


def volumes(spec: Manifest) -> Iterator[str]:
    for volume in spec.get("volumes", []):
        if not set(volume) - {"name"} <= ALLOWED_VOLUMES or set(volume) == {"name"}:
            yield f"volume {volume}"


def host_ports(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"{container['name']} has a hostPort"


def probe_hosts(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        hooks = container.get("lifecycle", {})
        for asked in [container.get(key) for key in ("startupProbe", "livenessProbe", "readinessProbe")] + list(hooks.values()):
            if any((asked or {}).get(kind, {}).get("host") for kind in ("httpGet", "tcpSocket")):
                yield f"{container['name']} asks another host"


def app_armor(spec: Manifest) -> Iterator[str]:
    for context in contexts(spec):
        if (context.get("appArmorProfile") or {}).get("type", "RuntimeDefault") not in ALLOWED_SECCOMP:
            yield f"appArmorProfile {context['appArmorProfile']}"


def se_linux(spec: Manifest) -> Iterator[str]:
    for context in contexts(spec):
        options = context.get("seLinuxOptions") or {}
        if options.get("type") not in ALLOWED_SELINUX or options.get("user") or options.get("role"):
            yield f"seLinuxOptions {options}"


def proc_mount(spec: Manifest) -> Iterator[str]:
    for context in contexts(spec):
        if context.get("procMount", "Default") != "Default":
            yield "procMount"


def sysctls(spec: Manifest) -> Iterator[str]:
    for sysctl in (spec.get("securityContext") or {}).get("sysctls", []):
        if sysctl["name"] not in ALLOWED_SYSCTLS:
            yield f"sysctl {sysctl['name']}"


def privilege_escalation(spec: Manifest) -> Iterator[str]:
    for container in containers(spec):
        if (container.get("securityContext") or {}).get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']} may escalate"


def runs_as_non_root(spec: Manifest) -> Iterator[str]:
    of_pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    for container in containers(spec):
        if (container.get("securityContext") or {}).get("runAsNonRoot", of_pod) is not True:
            yield f"{container['name']} may run as root"


def non_root_user(spec: Manifest) -> Iterator[str]:
    if any(context.get("runAsUser") == 0 for context in contexts(spec)):
        yield "runAsUser 0"


def seccomp(spec: Manifest) -> Iterator[str]:
    of_pod = (spec.get("securityContext") or {}).get("seccompProfile") or {}
    for container in containers(spec):
        profile = (container.get("securityContext") or {}).get("seccompProfile") or of_pod
        if profile.get("type") not in ALLOWED_SECCOMP:
            yield f"{container['name']} has no seccomp profile"


# Control, and a change of the pod that it must notice.
RESTRICTED: dict[Control, Callable[[Manifest], object]] = {
    host_namespaces: lambda spec: spec.update(hostNetwork=True),
    host_processes: lambda spec: spec["securityContext"].update(windowsOptions={"hostProcess": True}),
    privileged: lambda spec: first(spec).update(privileged=True),
    capabilities: lambda spec: first(spec).update(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    volumes: lambda spec: spec.setdefault("volumes", []).append({"name": "host", "hostPath": {"path": "/"}}),
    host_ports: lambda spec: spec["containers"][0].setdefault("ports", []).append({"containerPort": 1, "hostPort": 1}),
    probe_hosts: lambda spec: spec["containers"][0].update(livenessProbe={"httpGet": {"host": "10.0.0.1", "port": 1}}),
    app_armor: lambda spec: first(spec).update(appArmorProfile={"type": "Unconfined"}),
    se_linux: lambda spec: first(spec).update(seLinuxOptions={"type": "spc_t"}),
    proc_mount: lambda spec: first(spec).update(procMount="Unmasked"),
    sysctls: lambda spec: spec["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    privilege_escalation: lambda spec: first(spec).pop("allowPrivilegeEscalation"),
    runs_as_non_root: lambda spec: spec["securityContext"].pop("runAsNonRoot"),
    non_root_user: lambda spec: spec["securityContext"].update(runAsUser=0),
    seccomp: lambda spec: spec["securityContext"].pop("seccompProfile"),
}


def first(spec: Manifest) -> Any:
    return spec["containers"][0]["securityContext"]


@pytest.mark.parametrize("file", CI_FILES, ids=lambda file: file.name)
def test_every_pod_is_restricted(file: Path) -> None:
    found = list(pods(rendered(file)))
    assert {owner.partition(" ")[0] for owner, _ in found} >= {"StatefulSet", "Pod"}
    for owner, pod in found:
        for control in RESTRICTED:
            assert list(control(pod["spec"])) == [], f"{owner}: {control.__name__}"


@pytest.mark.parametrize("control", RESTRICTED, ids=lambda control: control.__name__)
def test_each_control_notices_its_breach(control: Control) -> None:
    for _, pod in pods(rendered(CI_FILES[0])):
        spec = copy.deepcopy(pod["spec"])
        RESTRICTED[control](spec)
        assert list(control(spec))


@pytest.mark.parametrize("file", CI_FILES, ids=lambda file: file.name)
def test_beyond_the_standard(file: Path) -> None:
    """No file of the image can be changed, and no pod can talk to the API server."""
    manifests = rendered(file)
    for owner, pod in pods(manifests):
        assert pod["spec"]["automountServiceAccountToken"] is False, owner
        for container in containers(pod["spec"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, owner
    for manifest in manifests:
        assert manifest["kind"] not in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret"), manifest
        if manifest["kind"] == "ServiceAccount":
            assert manifest["automountServiceAccountToken"] is False
