"""The chart as `helm template` renders it, for those who do what the cluster does with it."""

import dataclasses
import pathlib
import subprocess
from typing import Any, Self

import yaml

NAME, NAMESPACE = "till", "shop"
Manifest = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Release:
    objects: list[Manifest]

    @classmethod
    def render(cls, chart: pathlib.Path, values: pathlib.Path, *settings: str) -> Self:
        sets = [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run(["helm", "template", NAME, chart, "--namespace", NAMESPACE, "--values", values, *sets],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"helm template with {values.name}:\n{done.stderr}")
        return cls([manifest for manifest in yaml.safe_load_all(done.stdout) if manifest])

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
