"""A release of the chart on one node, and callers of it."""

import contextlib
import json
import pathlib
from collections.abc import Callable, Iterator

from chart import Manifest, merged, nested
from dockerfile import Image
from node import Node, Pod
from release import Release
from sandbox import Identity, Network, Process, start

LIFETIME = 60.0  # seconds; no call of these tests takes nearly as long
# For whom the end is not what is looked at.
HASTY = merged({"preStopSeconds": 0}, nested("config.shutdown.drain_delay", "0s"))


class Installed:
    """One release on one node."""

    def __init__(self, image: Image, root: pathlib.Path, release: Release, room: pathlib.Path, network: Network) -> None:
        self.node = Node(image, root, release, room, network)
        self.release = release
        self._image, self._root, self._network = image, root, network

    @contextlib.contextmanager
    def serving(self) -> Iterator[Pod]:
        pod = self.node.start(self.release.server["spec"]["template"])
        try:
            pod.await_probe("startupProbe")
            pod.await_probe("readinessProbe")
            assert pod.probe("livenessProbe")
            yield pod
        finally:
            pod.process.kill()

    def asking(self, *arguments: str) -> Process:
        """The command line of the same image, from a pod of its own, by the name of the Service."""
        [service] = [found for found in self.release.all("Service") if found["spec"].get("clusterIP") != "None"]
        environment = {"SEMEL_ADDRESS": f"{service['metadata']['name']}:7420", "SEMEL_NAMESPACE": "orders"}
        return start(self._root, ["/usr/bin/semel", *arguments], Identity(20002, 20002), environment=environment, network=self._network)

    def ask(self, *arguments: str, status: int = 0) -> Manifest:
        process = self.asking(*arguments, "--output", "json")
        assert process.wait(LIFETIME) == status, process.output()
        return json.loads(process.output().splitlines()[0])

    def run_all(self) -> None:
        """What the chart starts beside the server, all of which must go well."""
        backups = [self.release.backup] if self.release.all("CronJob") else []
        for pod in [*self.release.tests, *backups]:
            status, said = self.node.run(pod)
            assert status == 0, said


# The name of a file of values below ci/, and settings over it.
Install = Callable[..., contextlib.AbstractContextManager[Installed]]
