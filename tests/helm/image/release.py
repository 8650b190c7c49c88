"""The rendered objects of one release, for those who do what the cluster does with them."""

import dataclasses
import pathlib
from typing import Self

from chart import CHART, Manifest, Values, merged, rendered, values_of

NAME = NAMESPACE = "semel"  # as the documents have it


@dataclasses.dataclass(frozen=True)
class Release:
    objects: list[Manifest]

    @classmethod
    def render(cls, values: str, settings: Values) -> Self:
        """With one of the chart's files of values, and settings over it."""
        file: pathlib.Path = CHART / "ci" / f"{values}-values.yaml"
        return cls(rendered(merged(values_of(file), settings), release=NAME, namespace=NAMESPACE))

    def all(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self.objects if manifest["kind"] == kind]

    def named(self, kind: str, name: str) -> Manifest:
        [found] = [manifest for manifest in self.all(kind) if manifest["metadata"]["name"] == name]
        return found

    @property
    def server(self) -> Manifest:
        [stateful_set] = self.all("StatefulSet")
        return stateful_set

    @property
    def backup(self) -> Manifest:
        """The pod that the CronJob makes."""
        [cron_job] = self.all("CronJob")
        return cron_job["spec"]["jobTemplate"]["spec"]["template"]

    @property
    def tests(self) -> list[Manifest]:
        return [pod for pod in self.all("Pod") if pod["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"]

    @property
    def pods(self) -> list[Manifest]:
        backups = [job["spec"]["jobTemplate"]["spec"]["template"] for job in self.all("CronJob")]
        return [self.server["spec"]["template"], *backups, *self.tests]

    def service_names(self) -> list[str]:
        """What the cluster's DNS answers with an address of the server, whose ports the Services must not change."""
        names = []
        for service in self.all("Service"):
            name = service["metadata"]["name"]
            names += [name, f"{name}.{NAMESPACE}", f"{name}.{NAMESPACE}.svc", f"{name}.{NAMESPACE}.svc.cluster.local"]
        return names
