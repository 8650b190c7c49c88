"""What a node does for the pods of the chart: who they are, variables, probes, hooks, the end; volumes.py has what they mount.

Fields of a pod that change what runs, and that nobody here understands, are refused.
"""

import dataclasses
import http.client
import pathlib
import re
import signal
import time
import uuid
from collections.abc import Callable

from chart import Manifest
from dockerfile import Image
from release import NAMESPACE, Release
from sandbox import GLANCE, PATIENCE, Identity, Network, Process, start
from volumes import Volumes

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

    def eventually(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for what no event tells."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if not self.process.running or time.monotonic() > deadline:
                raise AssertionError(f"it did not come to pass: {what}\n{self.process.output()}")
            time.sleep(GLANCE)

    def await_probe(self, name: str) -> None:
        self.eventually(lambda: self.probe(name), name)

    def await_metric(self, line: str) -> None:
        self.eventually(lambda: line in self.get("/metrics", "admin")[1].splitlines(), f"metric {line}")

    def execute(self, *command: str, status: int = 0) -> str:
        """What `kubectl exec` would print; the command must end with that status."""
        done = self.process.enter(command, self.identity)
        if done.returncode != status:
            raise AssertionError(f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def signal_end(self) -> None:
        self.process.signal(signal.SIGTERM)

    def end(self) -> int:
        """The hook, the signal, and the exit status, all of it within the grace period."""
        began = time.monotonic()
        match self.container.get("lifecycle", {}).get("preStop"):
            case None:
                pass
            case {"exec": {"command": command}}:
                self.execute(*command)
            case other:
                raise NotImplementedError(f"hook {other}")
        self.signal_end()
        return self.process.wait(self.manifest["spec"]["terminationGracePeriodSeconds"] - (time.monotonic() - began))


class Node:
    """A machine with the image's files, the objects of one release, and room for volumes."""

    def __init__(self, image: Image, root: pathlib.Path, release: Release, room: pathlib.Path, network: Network) -> None:
        self._image, self._root, self._network = image, root, network
        self.volumes = Volumes(release, room)

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
                        mounts=self.volumes.mounts(spec, container), workdir=self._image.workdir, environment=environment,
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


def check_confined(container: Manifest) -> None:
    """What start() does to every process is what the container asks for, and no more."""
    context = container["securityContext"]
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if {field: context.get(field) for field in wanted} != wanted:
        raise NotImplementedError(f"a container with {context}")


def expand(text: str, environment: dict[str, str]) -> str:
    """References to variables; one that is not there stays as it is written."""
    return _REFERENCE.sub(lambda found: environment.get(found[1], found[0]), text)
