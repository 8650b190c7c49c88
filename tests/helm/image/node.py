"""What a node does for the pods of the chart: volumes and whose they are, variables, probes, hooks, the end.

Fields of a pod that change what runs, and that nobody here understands, are refused.
"""

import dataclasses
import http.client
import os
import pathlib
import re
import shutil
import signal
import stat
import time
import uuid
from typing import Any

from chart import Manifest
from dockerfile import Image
from release import NAMESPACE, Release
from sandbox import PATIENCE, Identity, Mount, Network, Process, start

_GLANCE = 0.02  # seconds, between two looks at what nobody tells of
_CONTAINER_FIELDS = {"name", "image", "imagePullPolicy", "securityContext", "command", "args", "env", "ports", "startupProbe",
                     "livenessProbe", "readinessProbe", "lifecycle", "resources", "volumeMounts"}
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


@dataclasses.dataclass
class Pod:
    """A running pod of one container."""

    manifest: Manifest
    process: Process
    identity: Identity
    network: Network

    @property
    def container(self) -> Manifest:
        [container] = self.manifest["spec"]["containers"]
        return container

    def port(self, name: str | int) -> int:
        if isinstance(name, int):
            return name
        [port] = [port["containerPort"] for port in self.container["ports"] if port["name"] == name]
        return port

    def get(self, path: str, port: str | int) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port(port), timeout=PATIENCE)
        try:
            with self.network.entered():
                connection.connect()
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def probe(self, name: str) -> bool:
        asked = self.container[name]["httpGet"]
        try:
            code, _ = self.get(asked["path"], asked["port"])
        except ConnectionRefusedError:
            return False
        return 200 <= code < 400

    def await_probe(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.probe(name):
            if not self.process.running or time.monotonic() > deadline:
                raise AssertionError(f"{name} did not come to pass:\n{self.process.output()}")
            time.sleep(_GLANCE)

    def await_metric(self, line: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while line not in self.get("/metrics", "admin")[1].splitlines():
            if time.monotonic() > deadline:
                raise AssertionError(f"no {line!r} among the metrics:\n{self.get('/metrics', 'admin')[1]}")
            time.sleep(_GLANCE)

    def execute(self, *command: str) -> str:
        """What `kubectl exec` would print; the command must succeed."""
        done = self.process.enter(command, self.identity)
        if done.returncode != 0:
            raise AssertionError(f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def signal_end(self) -> None:
        self.process.signal(signal.SIGTERM)

    def end(self) -> int:
        """The hook, the signal, and the exit status, all of it within the grace period."""
        began = time.monotonic()
        hook = self.container.get("lifecycle", {}).get("preStop", {})
        match hook:
            case {"exec": {"command": command}}:
                self.execute(*command)
            case {"sleep": {"seconds": seconds}}:
                time.sleep(seconds)
            case {}:
                pass
        self.signal_end()
        return self.process.wait(self.manifest["spec"]["terminationGracePeriodSeconds"] - (time.monotonic() - began))


class Node:
    """A machine with the image's files, the objects of one release, and room for volumes."""

    def __init__(self, image: Image, root: pathlib.Path, release: Release, room: pathlib.Path, network: Network) -> None:
        self._image, self._root, self._release, self._room, self._network = image, root, release, room, network

    def claim(self, name: str) -> pathlib.Path:
        """A volume as a cluster makes it: a new file system, which belongs to root and is not quite empty."""
        volume = self._room / "claims" / name
        if not volume.exists():
            volume.mkdir(parents=True)
            volume.chmod(0o755)
            (volume / "lost+found").mkdir(mode=0o700)
        return volume

    def start(self, manifest: Manifest) -> Pod:
        spec = manifest["spec"]
        [container] = spec["containers"]
        unknown = container.keys() - _CONTAINER_FIELDS
        if unknown or spec.get("initContainers"):
            raise NotImplementedError(f"fields of a pod: {unknown or 'initContainers'}")
        check_confined(container)
        identity = self.identity(spec)
        environment = self.environment(container)
        # `command` takes the place of the entry point, and then the image's own arguments are not used either.
        command = container.get("command") or self._image.entrypoint
        arguments = container.get("args", [] if "command" in container else self._image.command)
        process = start(self._root, [expand(word, environment) for word in [*command, *arguments]], identity,
                        mounts=self.mounts(spec, container), workdir=self._image.workdir, environment=environment,
                        network=self._network)
        return Pod(manifest, process, identity, self._network)

    def run(self, manifest: Manifest) -> tuple[int, str]:
        """A pod that ends by itself: exit status and what it wrote."""
        pod = self.start(manifest)
        return pod.process.wait(), pod.process.output()

    def identity(self, spec: Manifest) -> Identity:
        context = spec["securityContext"]
        user, group = (int(number) for number in self._image.user.split(":"))
        user = context.get("runAsUser", user)
        if context.get("runAsNonRoot") and user == 0:
            raise AssertionError("the pod would run as root, and says that it must not")
        return Identity(user, context.get("runAsGroup", group), (context["fsGroup"],) if "fsGroup" in context else ())

    def environment(self, container: Manifest) -> dict[str, str]:
        environment: dict[str, str] = {}
        for variable in container.get("env", []):
            match variable:
                case {"name": name, "value": value}:
                    environment[name] = expand(value, environment)
                case {"name": name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}:
                    environment[name] = str(uuid.uuid4())
                case {"name": name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}:
                    environment[name] = NAMESPACE
                case _:
                    raise NotImplementedError(f"variable {variable}")
        return environment

    def mounts(self, spec: Manifest, container: Manifest) -> list[Mount]:
        claims = [template["metadata"]["name"] for template in self._release.server["spec"].get("volumeClaimTemplates", [])]
        volumes: dict[str, Any] = {name: {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-server-0"}} for name in claims}
        volumes |= {volume["name"]: volume for volume in spec.get("volumes", [])}
        mounts = []
        for wanted in container.get("volumeMounts", []):
            if wanted.keys() - {"name", "mountPath", "readOnly"}:
                raise NotImplementedError(f"mount {wanted}")
            source, read_only = self.volume(volumes[wanted["name"]], spec["securityContext"])
            mounts.append(Mount(wanted["mountPath"], source, read_only or wanted.get("readOnly", False)))
        return mounts

    def volume(self, volume: Manifest, context: Manifest) -> tuple[pathlib.Path | None, bool]:
        """Where it is (None: in memory), and whether it is one that can only be read."""
        match volume:
            case {"persistentVolumeClaim": {"claimName": name}}:
                path = self.claim(name)
                give_to_group(path, context)
                return path, False
            case {"configMap": {"name": name, **rest}} if rest.keys() <= {"defaultMode"}:
                data = self._release.named("ConfigMap", name)["data"]
                return self.files(f"configmap-{name}", data, rest.get("defaultMode", 0o644), context), True
            case {"emptyDir": {**rest}} if rest.keys() <= {"sizeLimit", "medium"}:
                return None, False
            case _:
                raise NotImplementedError(f"volume {volume}")

    def files(self, name: str, data: dict[str, str], mode: int, context: Manifest) -> pathlib.Path:
        """Files by way of links, so that all of them change at once when the object does."""
        folder = self._room / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "..version").mkdir(parents=True)
        (folder / "..data").symlink_to("..version")
        for file, text in data.items():
            written = folder / "..version" / file
            written.write_text(text, encoding="utf-8")
            written.chmod(mode)
            (folder / file).symlink_to(f"..data/{file}")
        give_to_group(folder, context, read_only=True)
        return folder


def check_confined(container: Manifest) -> None:
    """What start() does to every process is what the container asks for, and no more."""
    context = container["securityContext"]
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if {field: context.get(field) for field in wanted} != wanted:
        raise NotImplementedError(f"a container with {context}")


def expand(text: str, environment: dict[str, str]) -> str:
    """References to variables; one that is not there stays as it is written."""
    return _REFERENCE.sub(lambda found: environment.get(found[1], found[0]), text)


def give_to_group(volume: pathlib.Path, context: Manifest, read_only: bool = False) -> None:
    """fsGroup: everything in the volume is also the group's, and what will be made there too."""
    if "fsGroup" not in context:
        return
    group, root = context["fsGroup"], volume.stat()
    for_files, for_folders = (0o440, 0o2550) if read_only else (0o660, 0o2770)
    if context.get("fsGroupChangePolicy") == "OnRootMismatch" and root.st_gid == group and root.st_mode & for_folders == for_folders:
        return
    for path in [volume, *volume.rglob("*")]:
        if not path.is_symlink():
            os.chown(path, -1, group)
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (for_folders if path.is_dir() else for_files))
